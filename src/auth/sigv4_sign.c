/* sigv4_sign.c: the caller's side of SigV4, for requests of our own and for tests of the verifier.
 *
 * What is signed is the request as it will be sent: its headers and the ones that signing adds. */
#include <assert.h>
#include <stdlib.h>

#include "auth/canonical.h"
#include "auth/sigv4.h"
#include "auth/sigv4_parts.h"
#include "codec/percent.h"

/* Headers that proxies and HTTP libraries rewrite, and those that signing itself sets. */
static const char *const unsigned_headers[] = { "authorization",     "connection",      "expect",
                                                "transfer-encoding", "user-agent",      "x-amzn-trace-id",
                                                "x-amz-date",        "x-amz-security-token" };

static bool is_unsigned(str name)
{
    for (size_t i = 0; i < sizeof(unsigned_headers) / sizeof(unsigned_headers[0]); i++)
        if (str_eq_nocase(name, str_of(unsigned_headers[i])))
            return true;
    return false;
}

static int name_order(const void *left, const void *right)
{
    return str_cmp(*(const str *)left, *(const str *)right);
}

static enum err lower_name(str name, struct arena *arena, str *ret_name)
{
    char *at = arena_alloc(arena, name.size + 1);

    if (at == NULL)
        return ERR_NO_MEMORY;
    str_lower(name, at);
    *ret_name = str_bytes(at, name.size);
    return OK;
}

/* The names of `headers` in lower case, sorted, each once, joined by ';'. MALFORMED if no host is among them. */
static enum err join_names(const struct sigv4_header *headers, size_t count, struct buf *scratch, struct arena *arena,
                           str *ret_names)
{
    str *names = ARENA_ARRAY(arena, count, str);
    bool host = false;

    if (names == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        TRY(lower_name(headers[i].name, arena, &names[i]));
        host = host || str_eq(names[i], STR("host")) || str_eq(names[i], STR(":authority"));
    }
    if (!host)
        return ERR_MALFORMED;
    qsort(names, count, sizeof(*names), name_order);
    buf_clear(scratch);
    for (size_t i = 0; i < count; i++) {
        if (i && str_eq(names[i], names[i - 1]))
            continue;
        if (i)
            buf_byte(scratch, ';');
        buf_append(scratch, names[i]);
    }
    TRY(scratch->err);
    *ret_names = arena_str(arena, buf_str(scratch));
    return str_present(*ret_names) ? OK : ERR_NO_MEMORY;
}

struct signing {
    char amz_date[DATE_TEXT_MAX];
    struct signing_scope scope;
    struct sigv4_request request; /* with the headers that will be signed */
    struct canonical_form form;
    struct sigv4_header *headers; /* room for three more */
    char payload[DIGEST_HEX];
    str payload_text;
    bool payload_given; /* by a header of the caller */
};

static void add_header(struct signing *signing, str name, str value)
{
    signing->headers[signing->request.header_count++] = (struct sigv4_header){ name, value };
}

static enum err begin(struct sigv4 *sigv4, const struct sigv4_signer *signer, const struct sigv4_request *request,
                      ms now, struct arena *arena, struct signing *signing)
{
    bool s3 = str_eq(signer->service, STR("s3"));

    *signing = (struct signing){ .request = *request, .form.path_as_is = s3 };
    (void)date_format_basic(now, signing->amz_date);
    signing->scope = (struct signing_scope){ signer->secret_key, str_bytes(signing->amz_date, 8), signer->region,
                                             signer->service };
    signing->headers = ARENA_ARRAY(arena, request->header_count + 3, struct sigv4_header);
    if (signing->headers == NULL)
        return ERR_NO_MEMORY;
    signing->request.headers = signing->headers;
    signing->request.header_count = 0;
    for (size_t i = 0; i < request->header_count; i++) {
        const struct sigv4_header *header = &request->headers[i];

        if (str_eq_nocase(header->name, STR("x-amz-content-sha256"))) {
            signing->payload_text = str_trim(header->value);
            signing->payload_given = true;
        }
        if (!is_unsigned(header->name))
            add_header(signing, header->name, header->value);
    }
    if (signing->payload_given)
        return OK;
    sigv4_body_hash(sigv4, request->body_unread ? STR("") : request->body, signing->payload);
    signing->payload_text = s3 && request->body_unread ? STR("UNSIGNED-PAYLOAD")
                                                       : str_bytes(signing->payload, DIGEST_HEX);
    return OK;
}

/* Hex of the signature, once request and form are complete. */
static enum err finish(struct sigv4 *sigv4, const struct signing *signing, struct arena *arena,
                       char ret_hex[static DIGEST_HEX])
{
    const struct digest_key *kept = signing_keys_find(&sigv4->keys, &signing->scope);
    struct digest_key derived;
    enum err err;

    buf_clear(&sigv4->canonical);
    TRY(canonical_request(&sigv4->canonical, &sigv4->scratch, &signing->request, &signing->form, arena));
    buf_append(&sigv4->canonical, signing->payload_text);
    TRY(sigv4->canonical.err);
    if (kept)
        return sigv4_signature(sigv4, kept, str_of(signing->amz_date), &signing->scope, ret_hex);
    TRY(signing_key_derive(&signing->scope, &derived));
    err = sigv4_signature(sigv4, &derived, str_of(signing->amz_date), &signing->scope, ret_hex);
    if (err == OK)
        signing_keys_keep(&sigv4->keys, &signing->scope, &derived);
    digest_key_wipe(&derived);
    return err;
}

enum err sigv4_sign(struct sigv4 *sigv4, const struct sigv4_signer *signer, const struct sigv4_request *request,
                    ms now, struct arena *arena, struct sigv4_signed *ret_signed)
{
    struct sigv4_signed result = { 0 };
    struct signing signing;
    char signature[DIGEST_HEX];

    TRY(begin(sigv4, signer, request, now, arena, &signing));
    add_header(&signing, STR("x-amz-date"), str_of(signing.amz_date));
    if (str_present(signer->session_token))
        add_header(&signing, STR("x-amz-security-token"), signer->session_token);
    if (signing.form.path_as_is && !signing.payload_given) {
        add_header(&signing, STR("x-amz-content-sha256"), signing.payload_text);
        result.content_sha256 = arena_str(arena, signing.payload_text);
        if (!str_present(result.content_sha256))
            return ERR_NO_MEMORY;
    }
    TRY(join_names(signing.headers, signing.request.header_count, &sigv4->scratch, arena,
                   &signing.form.signed_headers));
    TRY(finish(sigv4, &signing, arena, signature));
    result.authorization =
        arena_fmt(arena,
                  "AWS4-HMAC-SHA256 Credential=%.*s/%.8s/%.*s/%.*s/aws4_request, SignedHeaders=%.*s, Signature=%.*s",
                  STR_ARG(signer->access_key), signing.amz_date, STR_ARG(signer->region), STR_ARG(signer->service),
                  STR_ARG(signing.form.signed_headers), (int)DIGEST_HEX, signature);
    result.amz_date = arena_str(arena, str_of(signing.amz_date));
    result.security_token = signer->session_token;
    if (!str_present(result.authorization) || !str_present(result.amz_date))
        return ERR_NO_MEMORY;
    *ret_signed = result;
    return OK;
}

/* The parameters but the signature, appended to those the request has. */
static enum err presign_query(const struct sigv4_signer *signer, const struct signing *signing, uint32_t expires_s,
                              struct buf *query)
{
    struct buf *to = query;

    if (signing->request.query.size) {
        buf_append(to, signing->request.query);
        buf_byte(to, '&');
    }
    buf_fmt(to, "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=");
    percent_encode(to, signer->access_key, STR(""));
    buf_fmt(to, "%%2F%.8s%%2F%.*s%%2F%.*s%%2Faws4_request&X-Amz-Date=%s&X-Amz-Expires=%u&X-Amz-SignedHeaders=",
            signing->amz_date, STR_ARG(signer->region), STR_ARG(signer->service), signing->amz_date, expires_s);
    percent_encode(to, signing->form.signed_headers, STR(""));
    if (str_present(signer->session_token)) {
        buf_fmt(to, "&X-Amz-Security-Token=");
        percent_encode(to, signer->session_token, STR(""));
    }
    return to->err;
}

enum err sigv4_presign(struct sigv4 *sigv4, const struct sigv4_signer *signer, const struct sigv4_request *request,
                       ms now, uint32_t expires_s, struct arena *arena, str *ret_query)
{
    struct signing signing;
    char signature[DIGEST_HEX];
    str query;

    assert(expires_s >= 1 && expires_s <= 604800);
    TRY(begin(sigv4, signer, request, now, arena, &signing));
    if (signing.form.path_as_is)
        signing.payload_text = STR("UNSIGNED-PAYLOAD");
    TRY(join_names(signing.headers, signing.request.header_count, &sigv4->scratch, arena,
                   &signing.form.signed_headers));
    buf_clear(&sigv4->scratch);
    TRY(presign_query(signer, &signing, expires_s, &sigv4->scratch));
    query = arena_str(arena, buf_str(&sigv4->scratch));
    if (!str_present(query))
        return ERR_NO_MEMORY;
    signing.request.query = query;
    TRY(finish(sigv4, &signing, arena, signature));
    query = arena_fmt(arena, "%.*s&X-Amz-Signature=%.*s", STR_ARG(query), (int)DIGEST_HEX, signature);
    if (!str_present(query))
        return ERR_NO_MEMORY;
    *ret_query = query;
    return OK;
}
