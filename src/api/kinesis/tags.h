/* tags.h: tags of streams and consumers: what is allowed in them, and how they are merged, removed and listed.
 *
 * In records they are sorted bytewise by key, which is the order of all lists. */
#pragma once

#include "api/rq.h"
#include "kinesis_model.h"

enum { TAGS_MAX = 50 };

/* AddTagsToStream and its kin allow no ':', and tell '%' apart from other characters that are not allowed. */
must_use enum err tags_check_old(struct rq *rq, const struct kinesis_tag_map *tags, str stream_name);

/* TagResource and tags at creation. */
must_use enum err tags_check(struct rq *rq, const struct kinesis_tag_map *tags);

/* `old` with `more`, which win. INVALID_ARGUMENT if that makes more than 50; `what` is whose they are: "stream S". */
must_use enum err tags_merge(struct rq *rq, const struct catalog_tags *old, const struct kinesis_tag_map *more,
                             str what, struct catalog_tags *ret_tags);

/* Tags at creation: checked and sorted. Absent ones are allowed. */
must_use enum err tags_first(struct rq *rq, const struct kinesis_tag_map *tags, struct catalog_tags *ret_tags);

/* `old` without `keys`; `*ret_changed` is false if none of them was there. */
must_use enum err tags_without(struct rq *rq, const struct catalog_tags *old, const struct kinesis_tag_key_list *keys,
                               struct catalog_tags *ret_tags, bool *ret_changed);

/* At most `max` of them whose keys follow `after` (absent: all). */
must_use enum err tags_list(struct rq *rq, const struct catalog_tags *tags, str after, size_t max,
                            struct kinesis_tag_list *ret_tags, bool *ret_more);
