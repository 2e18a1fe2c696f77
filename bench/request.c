/* request.c: AWS Signature Version 4 and the request around it.
 *
 * Written apart from the server's own implementation on purpose: the judge should not share code with the judged. */
#include "request.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DIGEST = SHA256_DIGEST_LENGTH, DIGEST_HEX = 2 * DIGEST + 1 };

bool bytes_reserve(struct bytes *bytes, size_t more)
{
    size_t capacity = bytes->capacity ? bytes->capacity : 4096;
    char *at;

    if (bytes->failed)
        return false;
    if (bytes->capacity - bytes->size >= more)
        return true;
    while (capacity - bytes->size < more)
        capacity *= 2;
    at = realloc(bytes->at, capacity);
    if (!at) {
        bytes->failed = true;
        return false;
    }
    bytes->at = at;
    bytes->capacity = capacity;
    return true;
}

void bytes_add(struct bytes *bytes, const void *at, size_t size)
{
    if (size == 0 || !bytes_reserve(bytes, size))
        return;
    memcpy(bytes->at + bytes->size, at, size);
    bytes->size += size;
}

void bytes_printf(struct bytes *bytes, const char *format, ...)
{
    char line[1024];
    va_list args;
    int size;

    va_start(args, format);
    size = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    if (size < 0 || (size_t)size >= sizeof(line))
        bytes->failed = true;
    else
        bytes_add(bytes, line, (size_t)size);
}

void bytes_deinit(struct bytes *bytes)
{
    free(bytes->at);
    *bytes = (struct bytes){ 0 };
}

static void hex(const unsigned char *digest, char *to)
{
    static const char digits[] = "0123456789abcdef";

    for (int i = 0; i < DIGEST; i++) {
        to[2 * i] = digits[digest[i] >> 4];
        to[2 * i + 1] = digits[digest[i] & 15];
    }
    to[2 * DIGEST] = 0;
}

static void sha_hex(const void *at, size_t size, char *to)
{
    unsigned char digest[DIGEST];

    SHA256(at, size, digest);
    hex(digest, to);
}

static void mac(const void *key, size_t key_size, const char *text, unsigned char *to)
{
    unsigned int size = DIGEST;

    HMAC(EVP_sha256(), key, (int)key_size, (const unsigned char *)text, strlen(text), to, &size);
}

static void sign(const struct target *target, const char *day, const char *text, char *ret_signature)
{
    unsigned char a[DIGEST], b[DIGEST];
    char seed[256];

    snprintf(seed, sizeof(seed), "AWS4%s", target->secret_key);
    mac(seed, strlen(seed), day, a);
    mac(a, DIGEST, target->region, b);
    mac(b, DIGEST, "kinesis", a);
    mac(a, DIGEST, "aws4_request", b);
    mac(b, DIGEST, text, a);
    hex(a, ret_signature);
}

bool request_build(const struct target *target, const char *operation, enum wire wire, const void *body, size_t size,
                   struct request *ret_request)
{
    const char *type = wire == WIRE_CBOR ? "application/x-amz-cbor-1.1" : "application/x-amz-json-1.1";
    char stamp[20], day[12], digest[DIGEST_HEX], signature[DIGEST_HEX], text[1024], head[1024];
    struct request request = { 0 };
    time_t now = time(NULL);
    struct tm utc;
    int head_size;

    gmtime_r(&now, &utc);
    strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &utc);
    strftime(day, sizeof(day), "%Y%m%d", &utc);
    sha_hex(body, size, digest);
    snprintf(text, sizeof(text),
             "POST\n/\n\ncontent-type:%s\nhost:127.0.0.1:%u\nx-amz-date:%s\nx-amz-target:Kinesis_20131202.%s\n\n"
             "content-type;host;x-amz-date;x-amz-target\n%s",
             type, target->port, stamp, operation, digest);
    sha_hex(text, strlen(text), digest);
    snprintf(text, sizeof(text), "AWS4-HMAC-SHA256\n%s\n%s/%s/kinesis/aws4_request\n%s", stamp, day, target->region,
             digest);
    sign(target, day, text, signature);
    head_size = snprintf(head, sizeof(head),
                         "POST / HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nContent-Type: %s\r\n"
                         "X-Amz-Target: Kinesis_20131202.%s\r\nX-Amz-Date: %s\r\n"
                         "Authorization: AWS4-HMAC-SHA256 Credential=%s/%s/%s/kinesis/aws4_request, "
                         "SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=%s\r\n"
                         "Content-Length: %zu\r\n\r\n",
                         target->port, type, operation, stamp, target->access_key, day, target->region, signature,
                         size);
    if (head_size < 0 || (size_t)head_size >= sizeof(head))
        return false;
    request.size = (size_t)head_size + size;
    request.at = malloc(request.size);
    if (!request.at)
        return false;
    memcpy(request.at, head, (size_t)head_size);
    if (size > 0)
        memcpy(request.at + head_size, body, size);
    *ret_request = request;
    return true;
}

void request_deinit(struct request *request)
{
    free(request->at);
    *request = (struct request){ 0 };
}
