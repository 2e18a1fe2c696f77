/* floor.c: bench-floor, the least that a durable, signed put can cost on this machine.
 *
 *   bench-floor FILE [MEGABYTES] [--cbor]
 *
 * A child sends bodies of 500 records of 1 KiB over loopback; this program does with each what no server can leave out,
 * with the primitives that Leat uses (OpenSSL for digests, codec/base64, base/crc32c), and nothing else: read, SHA-256
 * of the body, base64, MD5 of every key, one copy into a frame, CRC-32C of the frame, pwrite, fdatasync. There is no
 * HTTP, no JSON, no routing, no second copy for readers and no settling. It prints CPU seconds per gigabyte of record
 * data, stage by stage; FILE (64 MiB, written before the clock starts, as a recycled segment is) is removed. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "codec/base64.h"
#include "measure.h"

enum { RECORDS = 500, RECORD_BYTES = 1024, KEY_BYTES = 16, FILE_BYTES = 64 << 20, READ_BYTES = 512 << 10 };

enum stage { SOCKET_READ, SHA256, BASE64, MD5_KEYS, COPY, CRC32C, WRITE, SYNC, STAGES };

static const char *const names[STAGES] = { "socket read", "SHA-256",  "base64 check and decode",
                                           "MD5 of keys", "one copy", "CRC-32C",
                                           "pwrite",      "fdatasync" };

struct floor_run {
    bool cbor;
    int socket, file;
    size_t body_bytes, record_wire_bytes;
    char *body, *frame;
    EVP_MD_CTX *digest;
    EVP_MD *sha256, *md5;
    uint64_t offset;
    double began, spent[STAGES];
    unsigned char keep; /* so that no stage can be left out */
};

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static double cpu_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void spent(struct floor_run *run, enum stage stage)
{
    double now = cpu_now();

    run->spent[stage] += now - run->began;
    run->began = now;
}

/* The body without its grammar: key and data, record after record. */
static void fill_body(struct floor_run *run, char *body)
{
    char data[RECORD_BYTES];
    uint64_t state = 88172645463325252u;

    for (int i = 0; i < RECORDS; i++) {
        char *at = body + (size_t)i * (KEY_BYTES + run->record_wire_bytes);

        for (size_t k = 0; k < sizeof(data); k++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            data[k] = (char)(state >> 56);
        }
        memcpy(at, data, KEY_BYTES);
        if (run->cbor)
            memcpy(at + KEY_BYTES, data, sizeof(data));
        else
            base64_encode(str_bytes(data, sizeof(data)), at + KEY_BYTES);
    }
}

static void send_forever(struct floor_run *run, uint16_t port)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = port, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
        _exit(1);
    fill_body(run, run->body);
    for (;;)
        for (size_t sent = 0; sent < run->body_bytes;) {
            ssize_t some = write(fd, run->body + sent, run->body_bytes - sent);

            if (some <= 0)
                _exit(0);
            sent += (size_t)some;
        }
}

static pid_t start_sender(struct floor_run *run)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t size = sizeof(at);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    pid_t child;

    if (listener < 0 || bind(listener, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(listener, 1) != 0 ||
        getsockname(listener, (struct sockaddr *)&at, &size) != 0)
        die("listen");
    child = fork();
    if (child < 0)
        die("fork");
    if (child == 0)
        send_forever(run, at.sin_port);
    run->socket = accept(listener, NULL, NULL);
    if (run->socket < 0)
        die("accept");
    close(listener);
    return child;
}

static void digest(struct floor_run *run, const EVP_MD *kind, const char *at, size_t size)
{
    unsigned char bytes[EVP_MAX_MD_SIZE];

    if (EVP_DigestInit_ex2(run->digest, kind, NULL) != 1 || EVP_DigestUpdate(run->digest, at, size) != 1 ||
        EVP_DigestFinal_ex(run->digest, bytes, NULL) != 1)
        die("digest");
    run->keep ^= bytes[0];
}

static void read_body(struct floor_run *run)
{
    for (size_t got = 0; got < run->body_bytes;) {
        size_t want = run->body_bytes - got < READ_BYTES ? run->body_bytes - got : READ_BYTES;
        ssize_t some = read(run->socket, run->body + got, want);

        if (some <= 0)
            die("read");
        got += (size_t)some;
    }
}

static void decode_records(struct floor_run *run)
{
    for (size_t i = 0; !run->cbor && i < RECORDS; i++) {
        char *at = run->body + i * (KEY_BYTES + run->record_wire_bytes) + KEY_BYTES;
        str text = str_bytes(at, run->record_wire_bytes);
        struct base64_fault fault;
        size_t size;

        if (base64_check(text, &size, &fault) != OK)
            die("base64");
        run->keep ^= (unsigned char)base64_decode_checked(text, at);
    }
}

static void one_body(struct floor_run *run)
{
    size_t frame_bytes = (size_t)RECORDS * (KEY_BYTES + RECORD_BYTES);

    read_body(run);
    spent(run, SOCKET_READ);
    digest(run, run->sha256, run->body, run->body_bytes);
    spent(run, SHA256);
    decode_records(run);
    spent(run, BASE64);
    for (size_t i = 0; i < RECORDS; i++)
        digest(run, run->md5, run->body + i * (KEY_BYTES + run->record_wire_bytes), KEY_BYTES);
    spent(run, MD5_KEYS);
    for (size_t i = 0; i < RECORDS; i++)
        memcpy(run->frame + i * (KEY_BYTES + RECORD_BYTES), run->body + i * (KEY_BYTES + run->record_wire_bytes),
               KEY_BYTES + RECORD_BYTES);
    spent(run, COPY);
    run->keep ^= (unsigned char)crc32c(0, run->frame, frame_bytes);
    spent(run, CRC32C);
    if (run->offset + frame_bytes > FILE_BYTES)
        run->offset = 0;
    if (pwrite(run->file, run->frame, frame_bytes, (off_t)run->offset) != (ssize_t)frame_bytes)
        die("pwrite");
    run->offset += frame_bytes;
    spent(run, WRITE);
    if (fdatasync(run->file) != 0)
        die("fdatasync");
    spent(run, SYNC);
}

int main(int argc, char **argv)
{
    struct floor_run run = { .cbor = argc > 1 && strcmp(argv[argc - 1], "--cbor") == 0 };
    double megabytes = argc > 2 ? atof(argv[2]) : 0, bytes = 0, whole = 0;
    pid_t child;

    if (argc < 2 || argv[1][0] == '-') {
        fprintf(stderr, "usage: bench-floor FILE [MEGABYTES] [--cbor]\n");
        return 2;
    }
    run.record_wire_bytes = run.cbor ? RECORD_BYTES : (RECORD_BYTES + 2) / 3 * 4;
    run.body_bytes = RECORDS * (KEY_BYTES + run.record_wire_bytes);
    run.body = malloc(run.body_bytes);
    run.frame = malloc((size_t)RECORDS * (KEY_BYTES + RECORD_BYTES));
    run.digest = EVP_MD_CTX_new();
    run.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    run.md5 = EVP_MD_fetch(NULL, "MD5", NULL);
    if (!run.body || !run.frame || !run.digest || !run.sha256 || !run.md5)
        die("memory");
    run.file = file_written(argv[1], FILE_BYTES);
    if (run.file < 0)
        die(argv[1]);
    child = start_sender(&run);
    run.began = cpu_now();
    for (; bytes < (megabytes > 0 ? megabytes : 1000) * 1e6; bytes += (double)RECORDS * RECORD_BYTES)
        one_body(&run);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    for (int i = 0; i < STAGES; i++) {
        printf("%-24s %6.3f s/GB\n", names[i], run.spent[i] / bytes * 1e9);
        whole += run.spent[i];
    }
    printf("%-24s %6.3f s/GB  (%s, %.0f MB, %02x)\n", "in all", whole / bytes * 1e9, run.cbor ? "CBOR" : "JSON",
           bytes / 1e6, run.keep);
    free(run.body);
    free(run.frame);
    EVP_MD_CTX_free(run.digest);
    EVP_MD_free(run.sha256);
    EVP_MD_free(run.md5);
    return 0;
}
