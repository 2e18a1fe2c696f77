/* tls.c: TLS as a byte filter. See tls_io.h.
 *
 * OpenSSL reads and writes through a BIO of ours that stands on the lent input and on an `out` queue, so cipher text
 * is copied once in either direction and an idle connection keeps no buffer. */
#include "http/tls_io.h"

#include <assert.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

/* Cipher text comes in whole records: a large one gets a chunk of its size, small ones share one that malloc has at
 * hand, since an idle connection gives it back and takes it again with each answer. */
enum { WHY_SIZE = 256, RECORD_MAX = 16 << 10, RECORD_PIECES = 32, CIPHER_CHUNK_SIZE = 960 };

struct tls_context {
    atomic_uint refs; /* connections of several loops hold it */
    SSL_CTX *ssl;
    BIO_METHOD *method;
};

struct tls_io {
    struct tls_context *context;
    SSL *ssl;
    const char *in;
    size_t in_size;
    struct out out;
};

/* ---- the certificate -------------------------------------------------------------------------------------------- */

static int select_alpn(SSL *ssl, const unsigned char **ret_name, unsigned char *ret_size, const unsigned char *offered,
                       unsigned size, void *ctx)
{
    static const unsigned char ours[] = "\x02h2\x08http/1.1";
    unsigned char *name;

    if (SSL_select_next_proto(&name, ret_size, ours, sizeof(ours) - 1, offered, size) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *ret_name = name;
    return SSL_TLSEXT_ERR_OK;
}

static enum err complain(char *why, const char *sentence)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;

    (void)snprintf(why, WHY_SIZE, reason ? "%s (%s)" : "%s", sentence, reason);
    ERR_clear_error();
    return ERR_MALFORMED;
}

static enum err use_chain(SSL_CTX *ssl, BIO *pem, char *ret_why)
{
    X509 *cert = PEM_read_bio_X509_AUX(pem, NULL, NULL, NULL);
    int used;

    if (cert == NULL)
        return complain(ret_why, "The certificate is not a PEM text");
    used = SSL_CTX_use_certificate(ssl, cert);
    X509_free(cert);
    if (used != 1)
        return complain(ret_why, "The certificate cannot be used");
    while ((cert = PEM_read_bio_X509(pem, NULL, NULL, NULL)) != NULL) {
        if (SSL_CTX_add0_chain_cert(ssl, cert) != 1) {
            X509_free(cert);
            return complain(ret_why, "The certificate chain cannot be used");
        }
    }
    ERR_clear_error(); /* the end of the text is reported as an error */
    return OK;
}

static enum err use_key(SSL_CTX *ssl, BIO *pem, char *ret_why)
{
    EVP_PKEY *key = PEM_read_bio_PrivateKey(pem, NULL, NULL, (void *)"");
    int used;

    if (key == NULL)
        return complain(ret_why, "The key is not an unencrypted PEM text");
    used = SSL_CTX_use_PrivateKey(ssl, key);
    EVP_PKEY_free(key);
    if (used != 1 || SSL_CTX_check_private_key(ssl) != 1)
        return complain(ret_why, "The key does not belong to the certificate");
    return OK;
}

static enum err use_pem(SSL_CTX *ssl, str text, enum err (*use)(SSL_CTX *, BIO *, char *), char *ret_why)
{
    BIO *pem = BIO_new_mem_buf(text.at ? text.at : "", (int)text.size);
    enum err err;

    if (pem == NULL)
        return ERR_NO_MEMORY;
    err = use(ssl, pem, ret_why);
    BIO_free(pem);
    return err;
}

static int bio_write(BIO *bio, const char *at, int size)
{
    struct tls_io *io = BIO_get_data(bio);

    out_text(&io->out, str_bytes(at, (size_t)size));
    return io->out.failed ? -1 : size;
}

static int bio_read(BIO *bio, char *at, int size)
{
    struct tls_io *io = BIO_get_data(bio);
    size_t part = io->in_size < (size_t)size ? io->in_size : (size_t)size;

    BIO_clear_retry_flags(bio);
    if (part == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    memcpy(at, io->in, part);
    io->in += part;
    io->in_size -= part;
    return (int)part;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DUP;
}

static void set_up(SSL_CTX *ssl)
{
    static const unsigned char session_id_context[] = "leat";

    SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF); /* tickets only: the client keeps the session */
    SSL_CTX_set_session_id_context(ssl, session_id_context, sizeof(session_id_context) - 1);
    SSL_CTX_set_alpn_select_cb(ssl, select_alpn, NULL);
}

static BIO_METHOD *make_method(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "leat");

    if (method) {
        BIO_meth_set_write(method, bio_write);
        BIO_meth_set_read(method, bio_read);
        BIO_meth_set_ctrl(method, bio_ctrl);
    }
    return method;
}

enum err tls_context_create(str certificate_chain_pem, str key_pem, struct tls_context **ret_context, char *ret_why)
{
    struct tls_context *context = calloc(1, sizeof(*context));
    enum err err = ERR_NO_MEMORY;

    if (context == NULL)
        return ERR_NO_MEMORY;
    atomic_init(&context->refs, 1);
    context->ssl = SSL_CTX_new(TLS_server_method());
    context->method = make_method();
    if (context->ssl == NULL || context->method == NULL)
        goto out;
    if (SSL_CTX_set_min_proto_version(context->ssl, TLS1_2_VERSION) != 1)
        goto out;
    set_up(context->ssl);
    err = use_pem(context->ssl, certificate_chain_pem, use_chain, ret_why);
    if (err == OK)
        err = use_pem(context->ssl, key_pem, use_key, ret_why);
out:
    if (err == OK)
        *ret_context = context;
    else
        tls_context_destroy(context);
    ERR_clear_error();
    return err;
}

struct tls_context *tls_context_ref(struct tls_context *context)
{
    if (context)
        atomic_fetch_add_explicit(&context->refs, 1, memory_order_relaxed);
    return context;
}

void tls_context_destroy(struct tls_context *context)
{
    if (context == NULL || atomic_fetch_sub_explicit(&context->refs, 1, memory_order_acq_rel) != 1)
        return;
    SSL_CTX_free(context->ssl);
    BIO_meth_free(context->method);
    free(context);
}

/* SSL_get_error wants an empty queue, which it nearly always is; to look is cheaper than to clear. */
static void forget_errors(void)
{
    if (ERR_peek_error() != 0)
        ERR_clear_error();
}

/* ---- the filter ------------------------------------------------------------------------------------------------- */

enum err tls_io_create(struct tls_context *context, struct tls_io **ret_io)
{
    struct tls_io *io = calloc(1, sizeof(*io));
    BIO *bio = io ? BIO_new(context->method) : NULL;

    if (bio == NULL)
        goto fail;
    io->ssl = SSL_new(context->ssl);
    if (io->ssl == NULL)
        goto fail;
    io->context = tls_context_ref(context);
    out_init(&io->out, CIPHER_CHUNK_SIZE);
    BIO_set_data(bio, io);
    BIO_set_init(bio, 1);
    SSL_set_bio(io->ssl, bio, bio);
    SSL_set_accept_state(io->ssl);
    *ret_io = io;
    return OK;
fail:
    BIO_free(bio);
    free(io);
    ERR_clear_error();
    return ERR_NO_MEMORY;
}

void tls_io_destroy(struct tls_io *io)
{
    if (io == NULL)
        return;
    SSL_free(io->ssl);
    out_deinit(&io->out);
    tls_context_destroy(io->context);
    free(io);
}

void tls_io_feed(struct tls_io *io, const char *at, size_t size)
{
    io->in = at;
    io->in_size = size;
}

size_t tls_io_left(const struct tls_io *io)
{
    return io->in_size;
}

int tls_io_read(struct tls_io *io, char *at, size_t size)
{
    int got;

    forget_errors();
    got = SSL_read(io->ssl, at, size > RECORD_MAX ? RECORD_MAX : (int)size);
    if (got > 0)
        return got;
    switch (SSL_get_error(io->ssl, got)) {
    case SSL_ERROR_WANT_READ:
        return TLS_WANTS;
    case SSL_ERROR_ZERO_RETURN:
        return TLS_ENDED;
    default:
        return TLS_FAILED;
    }
}

bool tls_io_ready(const struct tls_io *io)
{
    return SSL_is_init_finished(io->ssl);
}

enum tls_alpn tls_io_alpn(const struct tls_io *io)
{
    const unsigned char *name;
    unsigned size;

    SSL_get0_alpn_selected(io->ssl, &name, &size);
    if (size == 2 && memcmp(name, "h2", 2) == 0)
        return TLS_ALPN_HTTP2;
    return size ? TLS_ALPN_HTTP1 : TLS_ALPN_NONE;
}

/* What the next record holds: a run of the first piece if that fills it, else several pieces put together, so that a
 * head and its body make one record. */
static str next_record(const struct out *plain, char *together)
{
    struct http_iov iov[RECORD_PIECES];
    size_t count = out_iov(plain, iov, RECORD_PIECES), size = 0;

    if (count == 1 || iov[0].size >= RECORD_MAX)
        return str_bytes(iov[0].at, iov[0].size < RECORD_MAX ? iov[0].size : RECORD_MAX);
    for (size_t i = 0; i < count && size < RECORD_MAX; i++) {
        size_t part = iov[i].size < RECORD_MAX - size ? iov[i].size : RECORD_MAX - size;

        memcpy(together + size, iov[i].at, part);
        size += part;
    }
    return str_bytes(together, size);
}

bool tls_io_encrypt(struct tls_io *io, struct out *plain, size_t cipher_max)
{
    char together[RECORD_MAX];

    while (plain->size && io->out.size < cipher_max) {
        str record = next_record(plain, together);
        int written;

        forget_errors();
        written = SSL_write(io->ssl, record.at, (int)record.size);
        if (written <= 0)
            return false;
        out_sent(plain, (size_t)written);
    }
    return true;
}

void tls_io_goodbye(struct tls_io *io)
{
    forget_errors();
    if (SSL_is_init_finished(io->ssl))
        (void)SSL_shutdown(io->ssl);
    forget_errors();
}

struct out *tls_io_out(struct tls_io *io)
{
    return &io->out;
}
