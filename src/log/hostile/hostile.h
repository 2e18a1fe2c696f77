/* hostile.h: a log engine that does everything the contract of log.h allows and nobody likes. In memory, for tests.
 *
 * From one seed: commits complete late and in odd order across logs, positions have gaps, queues are full now and then,
 * reads answer PENDING at random and are cut into small pieces. Somebody else may seal a log at any time. */
#pragma once

#include "log/log.h"
#include "os/os.h"

struct log_hostile_config {
    struct os *os;
    struct os_loop *loop;
    uint64_t seed;
    int64_t delay_us_max;     /* of a commit or a read */
    unsigned full_per_mille;  /* chance that a submit is refused with FULL */
};

must_use enum err log_hostile_open(const struct log_hostile_config *config, struct log **ret_log);

/* As if another process had appended a SEAL: what was submitted and is not done yet meets SEALED. */
void log_hostile_seal(struct log *log, log_id id);

/* From now on commits fail: IO to those that wait (of which some are visible all the same), STOPPED to new ones. */
void log_hostile_fail(struct log *log);
