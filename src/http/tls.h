/* tls.h: TLS as a byte filter (OpenSSL with memory BIOs), and the certificates a first start makes for itself. */
#pragma once

#include "base/buf.h"

/* Certificate, key, ALPN (h2, http/1.1). Counted: a connection holds the one it began with, so an owner that has made
 * a new one destroys the old at once. Create and destroy may be called on any thread. */
struct tls_context;

/* From PEM texts. MALFORMED with a sentence in `ret_why` (256 bytes) if they do not fit together. */
must_use enum err tls_context_create(str certificate_chain_pem, str key_pem, struct tls_context **ret_context,
                                     char *ret_why);
void tls_context_destroy(struct tls_context *context);

/* A local certificate authority and a server certificate signed by it (ECDSA P-256), as PEM. `names`: DNS names and IP
 * addresses for subjectAltName. `now_ms`: valid from a day before; the CA for ten years, the server for 800 days. */
struct tls_made {
    struct buf ca_cert, ca_key, cert, key; /* zeroed at first; the caller deinits them */
};

must_use enum err tls_make_ca(int64_t now_ms, struct tls_made *made);

/* `made` holds the CA; MALFORMED if it does not, or a name is empty or overlong. */
must_use enum err tls_make_server(int64_t now_ms, const str *names, size_t name_count, struct tls_made *made);
