/* tls_test.c: certificates of our own making, and connections through TLS, all in memory. */
#include "http/tls.c"

#include <openssl/x509v3.h>
#include <sys/types.h>

#include "http/test_client.h"

#define OK_ANSWER ":status=200 x-id=7 content-length=2 ok"

enum { NOW_S = 1767225600 }; /* 2026-01-01, where these certificates begin */

static struct tls_made made;
static struct tls_context *context;

/* Make the certificates once for all tests, valid from the real time since OpenSSL's client looks at the clock. */
static void prepare(void)
{
    const str names[] = { STR("localhost"), STR("*.leat.test"), STR("127.0.0.1"), STR("::1") };
    char why[WHY_SIZE];

    if (context)
        return;
    CHECK(tls_make_ca((int64_t)time(NULL) * 1000, &made) == OK);
    CHECK(tls_make_server((int64_t)time(NULL) * 1000, names, 4, &made) == OK);
    CHECK(tls_context_create(buf_str(&made.cert), buf_str(&made.key), &context, why) == OK);
}

static X509 *parse(const struct buf *pem)
{
    BIO *bio = BIO_new_mem_buf(pem->at, (int)pem->size);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);

    BIO_free(bio);
    return cert;
}

/* Make the client speak TLS, trusting nothing but our CA. `alpn`: in wire form, or NULL. */
static void use_tls(struct client *client, const char *alpn, int version)
{
    X509 *ca = parse(&made.ca_cert);

    client->ssl_ctx = SSL_CTX_new(TLS_client_method());
    CHECK(X509_STORE_add_cert(SSL_CTX_get_cert_store(client->ssl_ctx), ca) == 1);
    X509_free(ca);
    SSL_CTX_set_verify(client->ssl_ctx, SSL_VERIFY_PEER, NULL);
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(client->ssl_ctx), X509_V_FLAG_X509_STRICT);
    if (version) {
        CHECK(SSL_CTX_set_min_proto_version(client->ssl_ctx, version) == 1);
        CHECK(SSL_CTX_set_max_proto_version(client->ssl_ctx, version) == 1);
    }
    client->ssl = SSL_new(client->ssl_ctx);
    CHECK(SSL_set1_host(client->ssl, "localhost") == 1);
    if (alpn)
        CHECK(SSL_set_alpn_protos(client->ssl, (const unsigned char *)alpn, (unsigned)strlen(alpn)) == 0);
    SSL_set_bio(client->ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    BIO_set_mem_eof_return(SSL_get_rbio(client->ssl), -1);
    SSL_set_connect_state(client->ssl);
}

static void begin(struct server *server, struct client *client, const char *alpn, int version)
{
    struct http_config config = test_config();

    prepare();
    config.tls = context;
    server_init(server, config);
    client_init(client, server);
    use_tls(client, alpn, version);
}

static void end(struct server *server, struct client *client)
{
    client_deinit(client);
    server_deinit(server);
}

TEST("HTTP/2 through TLS, chosen by ALPN or by the preface alone, in both versions, in small steps")
{
    static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
    static const char *const alpns[] = { NULL, "\x02h2", "\x08http/1.1\x02h2", "\x03" "foo" };

    for (size_t i = 0; i < 2; i++) {
        for (size_t k = 0; k < 4; k++) {
            struct server server;
            struct client client;
            int32_t id;

            begin(&server, &client, alpns[k], versions[i]);
            client.body = "hello";
            id = ask(&client, "POST", "/", 5, "5");
            talk_in_steps(&client, 3);
            CHECK_STR(noted(&client, id), OK_ANSWER);
            CHECK(SSL_get_verify_result(client.ssl) == X509_V_OK);
            CHECK_STR(buf_str(&server.seen), "POST / :authority=x content-length=5 [hello]\n");
            end(&server, &client);
        }
    }
}

TEST("a large body both ways through TLS")
{
    static char body[1 << 20];
    struct server server;
    struct client client;
    static struct http_iov parts[1024];
    struct http_piece piece = { .size = sizeof(body), .parts = parts, .release = on_release, .ctx = &server };
    int32_t id;

    for (size_t i = 0; i < 1024; i++)
        parts[i] = (struct http_iov){ body + i * 1024, 1024 };
    begin(&server, &client, "\x02h2", 0);
    server.config.body_bytes_max = 8 << 20;
    server.hold = true;
    id = ask(&client, "POST", "/", 5 << 20, NULL);
    talk(&client);
    CHECK_INT(server.held_count, 1);
    CHECK_INT(server.held[0]->body_size, 5 << 20);
    CHECK(server.held[0]->secure && server.held[0]->http2);
    http_respond(server.held[0], &(struct http_response){ .status = 200, .pieces = &piece, .piece_count = 1 });
    talk(&client);
    CHECK_INT(client.notes[id / 2].body_size, sizeof(body));
    CHECK_INT(server.released, 1);
    end(&server, &client);
}

/* Handshake, then exchange plain text over HTTP/1.1. */
static void say(struct client *client, str plain)
{
    struct server *server = client->server;
    char *cipher;
    long size;

    for (int round = 0; round < 6 || plain.size; round++) {
        drain(server);
        if (server->sent.size)
            CHECK(BIO_write(SSL_get_rbio(client->ssl), server->sent.at, (int)server->sent.size) > 0);
        buf_clear(&server->sent);
        if (!SSL_is_init_finished(client->ssl)) {
            (void)SSL_do_handshake(client->ssl);
        } else if (plain.size) {
            CHECK(SSL_write(client->ssl, plain.at, (int)plain.size) == (int)plain.size);
            plain.size = 0;
        }
        size = BIO_get_mem_data(SSL_get_wbio(client->ssl), &cipher);
        if (size > 0)
            feed(server, str_bytes(cipher, (size_t)size));
        (void)BIO_reset(SSL_get_wbio(client->ssl));
        if (round > 100)
            break;
    }
}

static str heard(struct client *client, char *text, size_t size)
{
    size_t total = 0;
    int got;

    while (total < size && (got = SSL_read(client->ssl, text + total, (int)(size - total))) > 0)
        total += (size_t)got;
    return str_bytes(text, total);
}

#define H1_ANSWER "HTTP/1.1 200 OK\r\nX-Id: 7\r\nContent-Length: 2\r\n\r\nok"

TEST("HTTP/1.1 through TLS, with a goodbye at the end")
{
    struct server server;
    struct client client;
    char text[1000];

    begin(&server, &client, "\x08http/1.1", 0);
    say(&client, STR("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
    CHECK_STR(heard(&client, text, sizeof(text)), H1_ANSWER);
    http_shutdown(server.conn);
    CHECK(!http_finished(server.conn)); /* close_notify is still to be sent */
    say(&client, STR(""));
    CHECK(http_finished(server.conn));
    CHECK_INT(SSL_read(client.ssl, text, sizeof(text)), 0);
    CHECK(SSL_get_shutdown(client.ssl) & SSL_RECEIVED_SHUTDOWN);
    end(&server, &client);
}

TEST("requests that cannot be taken yet wait behind TLS, and none is lost")
{
    struct server server;
    struct client client;
    struct buf many;
    char text[4000];

    begin(&server, &client, NULL, 0);
    buf_init(&many, 1 << 20);
    for (int i = 0; i < 50; i++)
        buf_append(&many, STR("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
    server.hold = true;
    say(&client, buf_str(&many));
    say(&client, STR("GET /last HTTP/1.1\r\nHost: x\r\n\r\n"));
    CHECK_INT(server.held_count, 4);
    CHECK(!http_wants_input(server.conn));
    for (size_t i = 0; i < 51; i++) {
        answer(server.held[i], 200, STR("ok"));
        say(&client, STR(""));
    }
    CHECK(str_ends(buf_str(&server.seen), STR("GET /last Host=x []\n")));
    CHECK_INT(heard(&client, text, sizeof(text)).size, 51 * (sizeof(H1_ANSWER) - 1));
    CHECK(http_wants_input(server.conn));
    buf_deinit(&many);
    end(&server, &client);
}

TEST("a body waits for memory behind TLS")
{
    struct server server;
    struct client client;

    begin(&server, &client, NULL, 0);
    server.memory_left = 0;
    say(&client, STR("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n"));
    say(&client, STR("0123456789"));
    CHECK_INT(server.requests, 0);
    CHECK(!http_wants_input(server.conn));
    server.memory_left = 64 << 20;
    http_memory_freed(server.conn);
    say(&client, STR(""));
    CHECK_STR(buf_str(&server.seen), "PUT / Host=x Content-Length=10 [0123456789]\n");
    end(&server, &client);
}

TEST("plain HTTP within a connection that began with TLS is a TLS error, answered by an alert")
{
    struct server server;
    struct client client;

    begin(&server, &client, NULL, 0);
    feed(&server, STR("\x16\x03\x01GET / HTTP/1.1\r\nHost: x\r\n\r\n and some more to make up a record"));
    feed(&server, STR("\x16\x03\x01GET / HTTP/1.1\r\nHost: x\r\n\r\n and some more to make up a record"));
    CHECK(server.sent.size > 0 && server.sent.at[0] == 0x15);
    CHECK(http_finished(server.conn));
    CHECK_INT(server.requests, 0);
    end(&server, &client);
}

TEST("a handshake that stops is given up")
{
    struct server server;

    prepare();
    server_init(&server, test_config());
    server.config.tls = context;
    http_conn_destroy(server.conn);
    CHECK(http_conn_create(&server.config, &server, server.now, &server.conn) == OK);
    feed(&server, STR("\x16"));
    CHECK_INT(http_deadline(server.conn), server.now + 10000);
    server.now += 10000;
    http_timeout(server.conn, server.now);
    CHECK(http_finished(server.conn));
    server_deinit(&server);
}

TEST("the certificate may be replaced while connections use the old one")
{
    const str names[] = { STR("localhost") };
    struct tls_made other = { 0 };
    struct tls_context *old = NULL;
    struct server server;
    char why[WHY_SIZE];

    prepare();
    CHECK(tls_make_ca((int64_t)NOW_S * 1000, &other) == OK);
    CHECK(tls_make_server((int64_t)NOW_S * 1000, names, 1, &other) == OK);
    CHECK(tls_context_create(buf_str(&other.cert), buf_str(&other.key), &old, why) == OK);
    server_init(&server, test_config());
    server.config.tls = old;
    http_conn_destroy(server.conn);
    CHECK(http_conn_create(&server.config, &server, server.now, &server.conn) == OK);
    tls_context_destroy(old);
    server.config.tls = NULL;
    feed(&server, STR("\x16"));
    CHECK(!http_finished(server.conn));
    server_deinit(&server);
    buf_deinit(&other.ca_cert);
    buf_deinit(&other.ca_key);
    buf_deinit(&other.cert);
    buf_deinit(&other.key);
}

TEST("texts that do not fit together are refused with a reason")
{
    struct tls_context *none = NULL;
    char why[WHY_SIZE] = "";

    prepare();
    CHECK(tls_context_create(STR("no"), buf_str(&made.key), &none, why) == ERR_MALFORMED);
    CHECK(str_starts(str_of(why), STR("The certificate is not a PEM text")));
    CHECK(tls_context_create(buf_str(&made.cert), STR(""), &none, why) == ERR_MALFORMED);
    CHECK(str_starts(str_of(why), STR("The key is not an unencrypted PEM text")));
    CHECK(tls_context_create(buf_str(&made.cert), buf_str(&made.ca_key), &none, why) == ERR_MALFORMED);
    CHECK(str_starts(str_of(why), STR("The key does not belong to the certificate")));
    CHECK(none == NULL);
}

TEST("the certificates say what strict clients ask for")
{
    X509 *ca, *cert;
    int days, seconds;

    prepare();
    ca = parse(&made.ca_cert);
    cert = parse(&made.cert);
    CHECK(X509_check_ca(ca) == 1 && X509_check_ca(cert) == 0);
    CHECK(X509_verify(cert, X509_get0_pubkey(ca)) == 1);
    CHECK(X509_check_host(cert, "localhost", 0, 0, NULL) == 1);
    CHECK(X509_check_host(cert, "kinesis.leat.test", 0, 0, NULL) == 1);
    CHECK(X509_check_host(cert, "example.com", 0, 0, NULL) == 0);
    CHECK(X509_check_ip_asc(cert, "127.0.0.1", 0) == 1 && X509_check_ip_asc(cert, "::1", 0) == 1);
    CHECK(X509_check_ip_asc(cert, "127.0.0.2", 0) == 0);
    CHECK_INT(X509_get_extended_key_usage(cert), XKU_SSL_SERVER);
    CHECK_INT(X509_get_key_usage(cert), KU_DIGITAL_SIGNATURE);
    CHECK(ASN1_TIME_diff(&days, &seconds, X509_get0_notBefore(cert), X509_get0_notAfter(cert)) == 1);
    CHECK_INT(days, 801);
    CHECK(ASN1_INTEGER_cmp(X509_get0_serialNumber(ca), X509_get0_serialNumber(cert)) != 0);
    X509_free(ca);
    X509_free(cert);
}

TEST("names that cannot be in a certificate are refused")
{
    const str bad[] = { STR("") };

    prepare();
    CHECK(tls_make_server(0, bad, 1, &made) == ERR_MALFORMED);
    CHECK(tls_make_server(0, bad, 0, &made) == ERR_MALFORMED);
}

/* Not a test: what they shared is given back. */
TEST("nothing is left")
{
    prepare();
    buf_deinit(&made.ca_cert);
    buf_deinit(&made.ca_key);
    buf_deinit(&made.cert);
    buf_deinit(&made.key);
    tls_context_destroy(context);
    context = NULL;
}

UNIT_MAIN
