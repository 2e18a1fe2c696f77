/* http_bench.c: what a small request costs on each protocol, in memory, and what an idle connection weighs.
 *
 *   http_bench            prints nanoseconds per request and bytes per idle connection */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/buf.h"
#include "http/test_client.h"

static double seconds(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static const char request_text[] =
    "POST / HTTP/1.1\r\nHost: localhost:4567\r\nX-Amz-Target: Kinesis_20131202.PutRecord\r\n"
    "Content-Type: application/x-amz-json-1.1\r\nUser-Agent: Boto3/1.43.67 md/Botocore#1.43.67 ua/2.1 os/linux\r\n"
    "X-Amz-Date: 20260101T001500Z\r\nAuthorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/kinesis/"
    "aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-target, "
    "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7\r\n"
    "amz-sdk-invocation-id: 0c5d2f3e-1111-2222-3333-444455556666\r\namz-sdk-request: attempt=1\r\n"
    "Content-Length: 68\r\n\r\n"
    "{\"StreamName\":\"orders\",\"Data\":\"aGVsbG8=\",\"PartitionKey\":\"abc-12345\"}";

static void quick_answer(void *ctx, struct http_request *request)
{
    static const char body[] = "{\"SequenceNumber\":\"49590338271490256608559692538361571095921575989136588898\","
                               "\"ShardId\":\"shardId-000000000000\"}";
    static const struct http_header headers[] = {
        { { "x-amzn-RequestId", 16 }, { "0c5d2f3e-1111-2222-3333-444455556666", 36 } },
        { { "Date", 4 }, { "Thu, 01 Jan 2026 00:15:00 GMT", 29 } },
        { { "Content-Type", 12 }, { "application/x-amz-json-1.1", 26 } },
    };
    const struct http_piece piece = { .at = body, .size = sizeof(body) - 1 };

    http_respond(request, &(struct http_response){ .status = 200, .headers = headers, .header_count = 3,
                                                   .pieces = &piece, .piece_count = 1 });
}

static struct http_config bench_config(void)
{
    struct http_config config = test_config();

    config.request = quick_answer;
    config.pipeline_max = 64;
    config.memory = NULL;
    return config;
}

static void bench_h1(size_t pipelined)
{
    struct server server;
    struct buf input;
    struct http_iov iov[16];
    size_t count, rounds = 2000000 / pipelined, sent = 0;
    double start;

    server_init(&server, bench_config());
    buf_init(&input, 1 << 20);
    for (size_t i = 0; i < pipelined; i++)
        buf_append(&input, str_of(request_text));
    start = seconds();
    for (size_t i = 0; i < rounds; i++) {
        http_input(server.conn, input.at, input.size, 0);
        while ((count = http_output(server.conn, iov, 16)) > 0) {
            size_t bytes = 0;

            for (size_t k = 0; k < count; k++)
                bytes += iov[k].size;
            sent += bytes;
            http_output_done(server.conn, bytes, 0);
        }
    }
    printf("HTTP/1.1, %zu at a time: %.0f ns per request (%zu bytes in, %zu out)\n", pipelined,
           (seconds() - start) * 1e9 / (double)(rounds * pipelined), input.size / pipelined, sent / rounds / pipelined);
    buf_deinit(&input);
    server_deinit(&server);
}

/* The client's work included: nghttp2 on both sides. */
static void bench_h2(bool tls, struct tls_context *context)
{
    struct server server;
    struct client client;
    struct http_config config = bench_config();
    const size_t rounds = 20000, at_once = 10;
    double start;

    config.tls = context;
    server_init(&server, config);
    client_init(&client, &server);
    if (tls) {
        client.ssl_ctx = SSL_CTX_new(TLS_client_method());
        client.ssl = SSL_new(client.ssl_ctx);
        SSL_set_bio(client.ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
        BIO_set_mem_eof_return(SSL_get_rbio(client.ssl), -1);
        SSL_set_connect_state(client.ssl);
    }
    talk(&client);
    start = seconds();
    for (size_t i = 0; i < rounds; i++) {
        for (size_t k = 0; k < at_once; k++)
            (void)ask(&client, "POST", "/", -1, NULL);
        talk(&client);
    }
    printf("HTTP/2%s, %zu at a time: %.0f ns per request (client included)\n", tls ? " through TLS" : "", at_once,
           (seconds() - start) * 1e9 / (double)(rounds * at_once));
    client_deinit(&client);
    server_deinit(&server);
}

static size_t heap(void)
{
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
}

enum { IDLE_COUNT = 200 };

/* Connections that have served one request each; their clients are thrown away before measuring. */
static void weigh(const char *name, bool tls, bool http2, struct tls_context *context)
{
    static struct server servers[IDLE_COUNT];
    struct http_config config = bench_config();
    size_t before = heap(), after;

    config.tls = context;
    for (size_t i = 0; i < IDLE_COUNT; i++) {
        struct client client;

        server_init(&servers[i], config);
        if (!tls && !http2) {
            feed(&servers[i], str_of(request_text));
        } else {
            client_init(&client, &servers[i]);
            client.ssl_ctx = tls ? SSL_CTX_new(TLS_client_method()) : NULL;
            client.ssl = tls ? SSL_new(client.ssl_ctx) : NULL;
            if (tls) {
                SSL_set_bio(client.ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
                BIO_set_mem_eof_return(SSL_get_rbio(client.ssl), -1);
                SSL_set_connect_state(client.ssl);
            }
            for (int round = 0; tls && !http2 && round < 5; round++) {
                char *cipher;
                long size;

                drain(&servers[i]);
                (void)BIO_write(SSL_get_rbio(client.ssl), servers[i].sent.at, (int)servers[i].sent.size);
                buf_clear(&servers[i].sent);
                if (round == 3)
                    (void)SSL_write(client.ssl, request_text, sizeof(request_text) - 1);
                else
                    (void)SSL_do_handshake(client.ssl);
                size = BIO_get_mem_data(SSL_get_wbio(client.ssl), &cipher);
                feed(&servers[i], str_bytes(cipher, (size_t)size));
                (void)BIO_reset(SSL_get_wbio(client.ssl));
            }
            if (http2) {
                (void)ask(&client, "POST", "/", -1, NULL);
                talk(&client);
            }
            client_deinit(&client);
        }
        buf_deinit(&servers[i].sent);
        buf_deinit(&servers[i].seen);
    }
    after = heap();
    printf("an idle connection, %s: %zu bytes\n", name, (after - before) / IDLE_COUNT);
    for (size_t i = 0; i < IDLE_COUNT; i++)
        http_conn_destroy(servers[i].conn);
}

int main(void)
{
    const str name = STR("localhost");
    struct tls_made made = { 0 };
    struct tls_context *context;
    char why[256];

    if (tls_make_ca(1767225600000, &made) != OK || tls_make_server(1767225600000, &name, 1, &made) != OK ||
        tls_context_create(buf_str(&made.cert), buf_str(&made.key), &context, why) != OK)
        return 1;
    bench_h1(1);
    bench_h1(16);
    bench_h2(false, context);
    bench_h2(true, context);
    weigh("HTTP/1.1", false, false, context);
    weigh("HTTP/1.1 through TLS", true, false, context);
    weigh("HTTP/2", false, true, context);
    weigh("HTTP/2 through TLS", true, true, context);
    return 0;
}
