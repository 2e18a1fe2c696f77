/* next_token.h: page tokens of the operation at hand. */
#pragma once

#include "api/rq.h"

/* What the operation wrote into a token of its own. INVALID_ARGUMENT, EXPIRED_NEXT_TOKEN. */
must_use enum err next_token_open(struct rq *rq, str token, str *ret_state);

/* Absent without memory. */
str next_token_make(struct rq *rq, str state);

/* "NextToken and X cannot be provided together." */
must_use enum err next_token_alone(struct rq *rq, const char *member);
