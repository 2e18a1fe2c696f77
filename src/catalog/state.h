/* state.h: the states of what exists. The numbers are on disk: never renumber, only add. */
#pragma once

/*            CreateStream          due                Split, Merge, UpdateShardCount, ... due
 *      (none) ----------> CREATING ----> ACTIVE <-----------------------------------> UPDATING
 *                             |             |                                             |
 *                             +-------------+---------- DeleteStream ---------------------+
 *                                           v     due
 *                                       DELETING ------> (none)
 */
enum stream_status {
    STREAM_CREATING = 1,
    STREAM_ACTIVE = 2,
    STREAM_UPDATING = 3,
    STREAM_DELETING = 4,
};

enum stream_mode { MODE_PROVISIONED = 1, MODE_ON_DEMAND = 2 };

enum stream_distribution { DISTRIBUTION_USER_KEY = 1, DISTRIBUTION_AUTO = 2 };

/* What UPDATING leads to. A job that only waits has nothing to do when it is due. */
enum job_kind {
    JOB_WAIT = 1,
    JOB_SPLIT = 2,
    JOB_MERGE = 3,
    JOB_SCALE = 4,
    JOB_ENCRYPT = 5,
};

enum consumer_status { CONSUMER_CREATING = 1, CONSUMER_ACTIVE = 2, CONSUMER_DELETING = 3 };

/* The minimum-throughput commitment of an account. */
enum commitment { COMMITMENT_OFF = 0, COMMITMENT_ON = 1, COMMITMENT_ENDING = 2 };
