/* metric.h: what all rooms count, as text for Prometheus (exposition format 0.0.4).
 *
 * The service's own metrics keep their names in the style of Prometheus: IncomingRecords of a stream is
 * leat_kinesis_incoming_records_total{stream="clicks",...}, and its HELP line says IncomingRecords. Streams that were
 * not used since the start have no lines. Metrics of shards appear while enhanced monitoring is on for them. */
#pragma once

#include "base/buf.h"

struct catalog;
struct count_api;
struct count_http;
struct count_log;
struct count_stream;
struct service;

struct metric_sources {
    const struct count_log *log;
    const struct count_api *api;
    const struct count_http *http;
    const struct count_stream *streams; /* over all streams */
    const struct service *service;      /* names the operations of `api` */
    const struct catalog *catalog;
};

/* A failure waits in to->err. */
void metric_write(struct buf *to, const struct metric_sources *sources);

/* Name, kind and sentence of each metric, for people. */
void metric_help(struct buf *to);
