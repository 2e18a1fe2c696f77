/* events.h: answers that are streams of events (application/vnd.amazon.eventstream).
 *
 * After rq_events_begin the request lives until rq_events_end or until the client goes (rq->cancel). Events are sent
 * only while rq_events_room says so; rq->room is called when it may say so again, rq->stop when the server stops. */
#pragma once

#include "api/rq.h"

/* 200, and the first message, initial-response, at once: clients insist on it. NO_MEMORY: nothing was sent. */
must_use enum err rq_events_begin(struct rq *rq);

bool rq_events_room(const struct rq *rq);

/* One event of that type; the payload is encoded as the request was. Upon an error nothing was sent, and what the event
 * held would be missed if others followed: the stream has to end. */
must_use enum err rq_events_send(struct rq *rq, str type, const struct shape *shape, const void *event);

/* OK: in order. Otherwise an exception message of the service's name for `err` comes first. The request is over. */
void rq_events_end(struct rq *rq, enum err err, str message);
