#include "log/log.h"

#include <assert.h>

enum err log_submit(struct log *log, struct log_commit *commit)
{
    assert(commit->append_count > 0 && commit->done);
    return log->engine->submit(log, commit);
}

enum err log_read(struct log *log, struct log_read *read)
{
    assert(read->log != 0 && read->batches_max > 0 && read->done);
    return log->engine->read(log, read);
}

void log_read_release(struct log *log, struct log_read *read)
{
    log->engine->release(log, read);
}

void log_read_cancel(struct log *log, struct log_read *read)
{
    log->engine->cancel(log, read);
}

log_pos log_end(struct log *log, log_id id)
{
    return log->engine->end(log, id);
}

void log_watch(struct log *log, struct log_watch *watch)
{
    assert(watch->log != 0 && watch->grown);
    log->engine->watch(log, watch);
}

void log_unwatch(struct log *log, struct log_watch *watch)
{
    log->engine->unwatch(log, watch);
}

void log_close(struct log *log, void (*closed)(void *ctx), void *ctx)
{
    log->engine->close(log, closed, ctx);
}
