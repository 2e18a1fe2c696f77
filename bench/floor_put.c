/* floor_put.c: bench-floor-put, the least that one PutRecord of its own can cost a server of one thread.
 *
 *   bench-floor-put PORT FILE
 *
 * Serves what bench-load asks by `put` and does with each request only what no durable server that verifies signatures
 * can leave out, with the primitives that Leat uses: one read, the end of the head and the length of the body, SHA-256
 * of the body, of a text as long as what is signed, and of what HMAC adds, base64, MD5 of the key, one copy; for all
 * requests that came together CRC-32C and one pwrite; one write each. It looks at no header but the length, compares no
 * signature, knows no JSON, no streams and no limits, and answers every request with the same bytes. No fdatasync: it
 * stands beside `os` durability. FILE (64 MiB, written before the first request) is removed at once. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/sha.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/md5.h"
#include "codec/base64.h"
#include "measure.h"

enum {
    CONNECTIONS_MAX = 1024,
    REQUEST_BYTES_MAX = 8 << 10,
    FRAME_BYTES_MAX = 4 << 20,
    FILE_BYTES = 64 << 20,
    EVENTS = 512,
    SIGNED_BYTES = 244, /* of the canonical request of such a put */
    SIGNING_BYTES = 138 /* of the text that is signed */
};

struct peer {
    char text[REQUEST_BYTES_MAX];
    size_t size;
};

struct put_floor {
    int listener, epoll, file;
    struct peer *peers[CONNECTIONS_MAX];
    int group[EVENTS], group_count; /* descriptors that are owed an answer */
    char *frame;
    size_t frame_bytes;
    uint64_t offset;
    SHA256_CTX inner, outer; /* a derived key, both blocks hashed */
    unsigned char keep;      /* so that nothing can be left out */
};

static const char answer[] =
    "HTTP/1.1 200 OK\r\nx-amzn-RequestId: 00000000-0000-4000-8000-000000000000\r\n"
    "x-amz-id-2: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n"
    "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: 110\r\n\r\n"
    "{\"ShardId\":\"shardId-000000000000\","
    "\"SequenceNumber\":\"49600000000000000000000000000000000000000000000000000000\"}";

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void watch(struct put_floor *run, int fd)
{
    struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

    if (epoll_ctl(run->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        die("epoll_ctl");
}

static void listen_at(struct put_floor *run, uint16_t port)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = { htonl(INADDR_LOOPBACK) } };
    int one = 1;

    run->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    run->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (run->listener < 0 || run->epoll < 0 ||
        setsockopt(run->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
        bind(run->listener, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(run->listener, 1024) != 0)
        die("listen");
    watch(run, run->listener);
}

static void take_peers(struct put_floor *run)
{
    int fd, one = 1;

    while ((fd = accept4(run->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        if (fd >= CONNECTIONS_MAX || (run->peers[fd] = calloc(1, sizeof(struct peer))) == NULL) {
            close(fd);
            continue;
        }
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        watch(run, fd);
    }
}

static void leave(struct put_floor *run, int fd)
{
    free(run->peers[fd]);
    run->peers[fd] = NULL;
    close(fd);
}

/* HMAC-SHA-256 under a key whose blocks are hashed already, as a signature ends. */
static void sign(struct put_floor *run, const char *text)
{
    unsigned char hash[SHA256_DIGEST_LENGTH];
    SHA256_CTX context = run->inner;

    SHA256_Update(&context, text, SIGNING_BYTES);
    SHA256_Final(hash, &context);
    context = run->outer;
    SHA256_Update(&context, hash, sizeof(hash));
    SHA256_Final(hash, &context);
    run->keep ^= hash[0];
}

static void hash(struct put_floor *run, const char *at, size_t size)
{
    unsigned char bytes[SHA256_DIGEST_LENGTH];

    SHA256((const unsigned char *)at, size, bytes);
    run->keep ^= bytes[0];
}

/* What stands between `name` and the next quote; absent if it is not there. */
static str member(str body, str name)
{
    const char *from = memmem(body.at, body.size, name.at, name.size), *to;

    if (from == NULL)
        return (str){ 0 };
    from += name.size;
    to = memchr(from, '"', body.size - (size_t)(from - body.at));
    return to ? str_bytes(from, (size_t)(to - from)) : (str){ 0 };
}

static void serve(struct put_floor *run, const char *head, str body)
{
    str data = member(body, STR("\"Data\":\"")), key = member(body, STR("\"PartitionKey\":\""));
    uint8_t digest[MD5_BYTES];
    struct base64_fault fault;
    size_t size;

    hash(run, body.at, body.size);
    hash(run, head, SIGNED_BYTES);
    sign(run, head);
    if (!str_present(data) || !str_present(key) || base64_check(data, &size, &fault) != OK)
        return;
    md5_many(&key, 1, &digest);
    run->keep ^= digest[0];
    size = base64_decode_checked(data, (char *)(uintptr_t)data.at);
    if (run->frame_bytes + size + key.size > FRAME_BYTES_MAX)
        return;
    memcpy(run->frame + run->frame_bytes, key.at, key.size);
    memcpy(run->frame + run->frame_bytes + key.size, data.at, size);
    run->frame_bytes += size + key.size;
}

static void readable(struct put_floor *run, int fd)
{
    static const char length[] = "\r\nContent-Length: ";
    struct peer *peer = run->peers[fd];
    ssize_t got = read(fd, peer->text + peer->size, sizeof(peer->text) - 1 - peer->size);
    const char *end, *value;
    size_t head, body;

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        leave(run, fd);
        return;
    }
    peer->size += (size_t)got;
    peer->text[peer->size] = 0;
    end = memmem(peer->text, peer->size, "\r\n\r\n", 4);
    if (end == NULL)
        return;
    head = (size_t)(end + 4 - peer->text);
    value = memmem(peer->text, head, length, sizeof(length) - 1);
    body = value ? strtoul(value + sizeof(length) - 1, NULL, 10) : 0;
    if (peer->size - head < body)
        return;
    serve(run, peer->text, str_bytes(peer->text + head, body));
    peer->size = 0; /* bench-load sends the next one when it has this one's answer */
    run->group[run->group_count++] = fd;
}

/* All that came together: one frame, then everybody's answer. */
static void answer_group(struct put_floor *run)
{
    if (run->frame_bytes > 0) {
        run->keep ^= (unsigned char)crc32c(0, run->frame, run->frame_bytes);
        if (run->offset + run->frame_bytes > FILE_BYTES)
            run->offset = 0;
        if (pwrite(run->file, run->frame, run->frame_bytes, (off_t)run->offset) != (ssize_t)run->frame_bytes)
            die("pwrite");
        run->offset += run->frame_bytes;
        run->frame_bytes = 0;
    }
    for (int i = 0; i < run->group_count; i++)
        if (write(run->group[i], answer, sizeof(answer) - 1) != (ssize_t)sizeof(answer) - 1)
            leave(run, run->group[i]);
    run->group_count = 0;
}

int main(int argc, char **argv)
{
    static struct put_floor run;
    struct epoll_event events[EVENTS];
    unsigned char block[SHA256_CBLOCK] = { 0 };

    if (argc != 3 || atoi(argv[1]) <= 0) {
        fprintf(stderr, "usage: bench-floor-put PORT FILE\n");
        return 2;
    }
    run.frame = malloc(FRAME_BYTES_MAX);
    if (run.frame == NULL)
        die("memory");
    SHA256_Init(&run.inner);
    SHA256_Update(&run.inner, block, sizeof(block));
    run.outer = run.inner;
    run.file = file_written(argv[2], FILE_BYTES);
    if (run.file < 0)
        die(argv[2]);
    listen_at(&run, (uint16_t)atoi(argv[1]));
    for (;;) {
        int count = epoll_wait(run.epoll, events, EVENTS, -1);

        for (int i = 0; i < count; i++) {
            if (events[i].data.fd == run.listener)
                take_peers(&run);
            else if (run.peers[events[i].data.fd])
                readable(&run, events[i].data.fd);
        }
        answer_group(&run);
    }
}
