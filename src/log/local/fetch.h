/* fetch.h: the jobs of cold reads, and how they come back to the read that wanted them. */
#pragma once

#include "log/local/engine.h"

/* read.c */

/* One more batch of the answer; takes a reference on `chunk` of its own. */
must_use enum err read_push(struct log_read *read, struct log_batch batch, struct chunk *chunk);
must_use enum err read_advance(struct local *local, struct log_read *read);

/* A job is done: the answer is handed over, or the read goes on. */
void read_fetched(struct local *local, struct log_read *read, enum err err);

/* fetch.c: each returns PENDING, or why the job could not start. */

/* From the commit segment in which `batch` lies; it is not in memory. */
must_use enum err fetch_cold(struct local *local, struct log_read *read, const struct tail_batch *batch);

/* MISSING: no settled file can hold something at or behind read->next. */
must_use enum err fetch_settled(struct local *local, struct log_read *read);
