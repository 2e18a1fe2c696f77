/* log_bench.c: group commit on a real disk.
 *
 *   log_bench DIR [SECONDS [WRITERS LOGS RECORDS [MB/s]]]
 *
 * Closed loop: N writers, each submits one record of 1 KiB and the next when it is acknowledged. Then commits of many
 * records, then one record on each of 10,000 logs in one commit, then reading back. A disk that
 * syncs too fast hides bad batching: run it a second time with an fdatasync that was slowed by LD_PRELOAD. With three more
 * numbers only that load is made, and with a fourth at that rate. CPU is that of all threads; what a sync took is told beside what a commit took. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "count/log.h"
#include "log/local/local.h"

enum { RECORD_BYTES = 1024, MANY_LOGS = 10000 };

struct writer {
    struct log_commit commit;
    struct log_append *appends;
    struct bench *bench;
    struct os_timer timer;
    int64_t due_us;
};

struct bench {
    struct os *os;
    struct os_loop *loop;
    struct log *log;
    struct count_log count;
    struct log_local_config config;
    struct os_timer timer;
    int64_t until_us;
    uint64_t commits, records;
    struct writer *all;
    unsigned writers, busy;
    uint32_t batch;
    int64_t pace_us;         /* between two commits of a writer; 0: at once */
    char body[RECORD_BYTES];
    enum err err;
};

static struct log_horizon horizon(void *ctx, log_id id)
{
    return (struct log_horizon){ 0 };
}

static void report(void *ctx, int level, str sentence)
{
    fprintf(stderr, "%.*s\n", STR_ARG(sentence));
}

static void failed(void *ctx, enum err err, str sentence)
{
    fprintf(stderr, "%.*s\n", STR_ARG(sentence));
    exit(1);
}

static void fill(const struct log_append *append, char *to)
{
    struct bench *bench = append->ctx;

    for (uint32_t at = 0; at < append->size; at += RECORD_BYTES)
        memcpy(to + at, bench->body, RECORD_BYTES);
}

static void must(enum err err, const char *what)
{
    if (err == OK)
        return;
    fprintf(stderr, "%s: %s\n", what, err_sentence(err));
    exit(1);
}

static void opened(void *ctx, enum err err, struct log *log)
{
    struct bench *bench = ctx;

    must(err, "open");
    bench->log = log;
    os_loop_stop(bench->loop);
}

static void closed(void *ctx)
{
    os_loop_stop(((struct bench *)ctx)->loop);
}

static void done(struct log_commit *commit, enum err err);

static void submit(struct writer *writer)
{
    struct bench *bench = writer->bench;
    enum err err = log_submit(bench->log, &writer->commit);

    if (err == ERR_FULL) { /* the settler is behind: come back in a moment */
        writer->commit.time = 0;
        bench->err = err;
        bench->busy--;
        if (!bench->timer.loop)
            os_timer_start(bench->loop, &bench->timer, 1000);
        return;
    }
    must(err, "submit");
}

static void retry(struct os_timer *timer)
{
    struct bench *bench = container_of(timer, struct bench, timer);

    for (unsigned i = 0; i < bench->writers; i++) {
        if (bench->all[i].commit.time == 0 && bench->busy < bench->writers) {
            bench->all[i].commit.time = 1;
            bench->busy++;
            submit(&bench->all[i]);
        }
    }
}

static void on_due(struct os_timer *timer)
{
    submit(container_of(timer, struct writer, timer));
}

static void done(struct log_commit *commit, enum err err)
{
    struct writer *writer = container_of(commit, struct writer, commit);
    struct bench *bench = writer->bench;

    must(err, "commit");
    bench->commits++;
    bench->records += commit->appends[0].count * commit->append_count;
    int64_t now = os_mono_us(bench->os);

    if (now < bench->until_us) {
        writer->due_us += bench->pace_us;
        if (writer->due_us > now)
            os_timer_start(bench->loop, &writer->timer, writer->due_us - now);
        else
            submit(writer);
        return;
    }
    if (--bench->busy == 0)
        os_loop_stop(bench->loop);
}

static double cpu_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void run(struct bench *bench, unsigned writers, uint32_t logs, uint32_t batch, double seconds)
{
    int64_t start = os_mono_us(bench->os);
    double cpu;

    bench->all = calloc(writers, sizeof(*bench->all));
    bench->commits = bench->records = 0;
    bench->writers = bench->busy = writers;
    bench->until_us = start + (int64_t)(seconds * 1e6);
    memset(&bench->count.commit_us, 0, sizeof(bench->count.commit_us));
    memset(&bench->count.sync_us, 0, sizeof(bench->count.sync_us));
    cpu = cpu_seconds();
    for (unsigned i = 0; i < writers; i++) {
        struct writer *writer = &bench->all[i];

        writer->bench = bench;
        writer->timer.fire = on_due;
        writer->due_us = start + bench->pace_us * i / writers;
        writer->appends = calloc(logs, sizeof(*writer->appends));
        for (uint32_t j = 0; j < logs; j++) {
            writer->appends[j] = (struct log_append){
                .log = 1 + i + j * writers, .count = batch, .size = batch * RECORD_BYTES, .fill = fill, .ctx = bench,
            };
        }
        writer->commit = (struct log_commit){
            .appends = writer->appends, .append_count = logs, .done = done, .time = 1,
        };
    }
    for (unsigned i = 0; i < writers; i++)
        os_timer_start(bench->loop, &bench->all[i].timer, bench->pace_us * i / writers);
    os_loop_run(bench->loop);

    double took = (double)(os_mono_us(bench->os) - start) / 1e6;

    printf("%5u writers x %5u logs x %4u records: %9.0f records/s %7.1f MB/s, %.2f CPU s/GB, commit p50 %llu us, "
           "p99 %llu us, sync p50 %llu us, p99 %llu us\n",
           writers, logs, batch, (double)bench->records / took, (double)bench->records * RECORD_BYTES / took / 1e6,
           (cpu_seconds() - cpu) / ((double)bench->records * RECORD_BYTES / 1e9),
           (unsigned long long)histogram_quantile(&bench->count.commit_us, 500),
           (unsigned long long)histogram_quantile(&bench->count.commit_us, 990),
           (unsigned long long)histogram_quantile(&bench->count.sync_us, 500),
           (unsigned long long)histogram_quantile(&bench->count.sync_us, 990));
    fflush(stdout);
    for (unsigned i = 0; i < writers; i++)
        free(bench->all[i].appends);
    free(bench->all);
}

static void read_done(struct log_read *read, enum err err)
{
    struct bench *bench = read->ctx;

    bench->err = err;
    os_loop_stop(bench->loop);
}

static void read_back(struct bench *bench, log_id id)
{
    struct log_read read = { .log = id, .bytes_max = 1 << 20, .batches_max = 10000, .done = read_done, .ctx = bench };
    int64_t start = os_mono_us(bench->os);
    uint64_t bytes = 0;

    do {
        enum err err = log_read(bench->log, &read);

        if (err == ERR_PENDING) {
            os_loop_run(bench->loop);
            err = bench->err;
        }
        must(err, "read");
        for (uint32_t i = 0; i < read.batch_count; i++)
            bytes += read.batches[i].body.size;
        read.from = read.next;
        log_read_release(bench->log, &read);
    } while (!read.at_end);
    printf("read back log %llu: %.1f MB at %.1f MB/s\n", (unsigned long long)id, (double)bytes / 1e6,
           (double)bytes / (double)(os_mono_us(bench->os) - start + 1));
}

static void run_all(struct bench *bench, double seconds)
{
    run(bench, 1, 1, 1, seconds);
    run(bench, 8, 1, 1, seconds);
    run(bench, 64, 1, 1, seconds);
    run(bench, 512, 1, 1, seconds);
    run(bench, 4, 1, 500, seconds);
    run(bench, 1, 64, 1, seconds);
    run(bench, 1, MANY_LOGS, 1, seconds);
}

int main(int argc, char **argv)
{
    struct bench *bench = calloc(1, sizeof(*bench));
    double seconds = argc > 2 ? atof(argv[2]) : 1;
    int64_t start;

    if (argc < 2 || !bench) {
        fprintf(stderr, "usage: log_bench DIR [SECONDS]   (an empty directory)\n");
        return 2;
    }
    must(os_create(&bench->os), "os");
    must(os_loop_create(bench->os, &bench->loop), "loop");
    bench->timer.fire = retry;
    bench->config = (struct log_local_config){
        .os = bench->os, .loop = bench->loop, .dir = argv[1], .durability = LOG_SYNC,
        .user = { .horizon = horizon, .report = report, .failed = failed },
        .tail_bytes_max = 64 << 20, .backlog_bytes_max = 256 << 20, .queue_bytes_max = 64 << 20,
        .segment_bytes_max = 64 << 20, .settled_bytes_max = 256 << 20, .bucket_ms = 3600 * 1000,
        .index_cache_bytes = 8 << 20, .count = &bench->count,
    };
    start = os_mono_us(bench->os);
    must(log_local_open(&bench->config, opened, bench), "open");
    os_loop_run(bench->loop);
    printf("open: %.2f ms\n", (double)(os_mono_us(bench->os) - start) / 1e3);
    if (argc > 6) /* each writer its share */
        bench->pace_us = (int64_t)((double)RECORD_BYTES * atoi(argv[4]) * atoi(argv[5]) * atoi(argv[3]) / atof(argv[6]));
    if (argc > 5)
        run(bench, (unsigned)atoi(argv[3]), (uint32_t)atoi(argv[4]), (uint32_t)atoi(argv[5]), seconds);
    else
        run_all(bench, seconds);
    read_back(bench, 1);
    printf("settled files %llu (%.1f MB), backlog %.1f MB, recycled %llu, refused %llu\n",
           (unsigned long long)bench->count.settled_files, (double)bench->count.settled_bytes / 1e6,
           (double)bench->count.backlog_bytes / 1e6, (unsigned long long)bench->count.recycled_segments,
           (unsigned long long)bench->count.refused_full);
    log_close(bench->log, closed, bench);
    os_loop_run(bench->loop);
    start = os_mono_us(bench->os);
    must(log_local_open(&bench->config, opened, bench), "open again");
    os_loop_run(bench->loop);
    printf("open again with %.1f MB unsettled: %.2f ms\n", (double)bench->count.backlog_bytes / 1e6,
           (double)(os_mono_us(bench->os) - start) / 1e3);
    log_close(bench->log, closed, bench);
    os_loop_run(bench->loop);
    os_loop_destroy(bench->loop);
    os_destroy(bench->os);
    free(bench);
    return 0;
}
