/* tls_io.h: one TLS connection as a filter over bytes. Private to the room.
 *
 * Cipher text is lent with tls_io_feed and read from where it is; what is to be sent collects in tls_io_out. */
#pragma once

#include "http/out.h"
#include "http/tls.h"

struct tls_io;

struct tls_context *tls_context_ref(struct tls_context *context);

must_use enum err tls_io_create(struct tls_context *context, struct tls_io **ret_io);
void tls_io_destroy(struct tls_io *io);

/* Lend cipher text until the next call; tls_io_left says how much of it has not been used. */
void tls_io_feed(struct tls_io *io, const char *at, size_t size);
size_t tls_io_left(const struct tls_io *io);

enum { TLS_WANTS = 0, TLS_ENDED = -1, TLS_FAILED = -2 };

/* Plain text into `at`: the number of bytes, or TLS_WANTS (more cipher text), TLS_ENDED (the peer said goodbye) or
 * TLS_FAILED (what tls_io_out holds is the alert). */
int tls_io_read(struct tls_io *io, char *at, size_t size);

bool tls_io_ready(const struct tls_io *io); /* the handshake is over */

enum tls_alpn { TLS_ALPN_NONE, TLS_ALPN_HTTP1, TLS_ALPN_HTTP2 };

enum tls_alpn tls_io_alpn(const struct tls_io *io);

/* Encrypt from the front of `plain` until tls_io_out holds `cipher_max` or more. False: failed. */
must_use bool tls_io_encrypt(struct tls_io *io, struct out *plain, size_t cipher_max);

void tls_io_goodbye(struct tls_io *io);
struct out *tls_io_out(struct tls_io *io);
