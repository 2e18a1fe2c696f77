/* sigv4.c: is this request signed by somebody we know?
 *
 * The order of refusals: what is missing, what cannot be read, who is unknown, what is too old, what does not match.
 * A request costs one pass over the body and one over the canonical request, which is built in a buffer that is
 * kept; the derived key is remembered (signing_key.h). */
#include "auth/sigv4.h"

#include <assert.h>
#include <stdlib.h>

#include "auth/canonical.h"
#include "auth/claim.h"
#include "auth/credentials.h"
#include "auth/sigv4_parts.h"
#include "base/bytes.h"

static const char algorithm[] = "AWS4-HMAC-SHA256";
static const char unknown_token[] = "The security token included in the request is invalid.";
static const char mismatch[] =
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details.";

enum err sigv4_create(struct sigv4_bounds bounds, uint64_t seed, struct sigv4 **ret_sigv4)
{
    struct sigv4 *sigv4 = calloc(1, sizeof(*sigv4));
    enum err err;

    if (sigv4 == NULL)
        return ERR_NO_MEMORY;
    buf_init(&sigv4->canonical, bounds.canonical_bytes_max);
    buf_init(&sigv4->scratch, bounds.canonical_bytes_max);
    digest_sha256_hex(STR(""), sigv4->empty_hash);
    sigv4->ways = sha256_ways();
    err = signing_keys_init(&sigv4->keys, bounds.cached_keys_max, seed);
    if (err != OK) {
        sigv4_destroy(sigv4);
        return err;
    }
    *ret_sigv4 = sigv4;
    return OK;
}

void sigv4_destroy(struct sigv4 *sigv4)
{
    if (sigv4 == NULL)
        return;
    signing_keys_deinit(&sigv4->keys);
    buf_deinit(&sigv4->scratch);
    buf_deinit(&sigv4->canonical);
    free(sigv4);
}

void sigv4_body_hash(struct sigv4 *sigv4, str body, char ret_hex[static DIGEST_HEX])
{
    if (body.size == 0)
        memcpy(ret_hex, sigv4->empty_hash, DIGEST_HEX);
    else
        digest_sha256_hex(body, ret_hex);
}

bool sigv4_has_pairs(const struct sigv4 *sigv4)
{
    return sigv4->ways != SHA256_ABSENT;
}

void sigv4_hash_pair(const struct sigv4 *sigv4, const str bodies[static 2],
                     char ret_hashes[static 2][SIGV4_HASH_CHARS])
{
    uint8_t hashes[2][SHA256_BYTES];

    static_assert((int)SIGV4_HASH_CHARS == DIGEST_HEX, "the same hash");
    sha256_pair(sigv4->ways, bodies, hashes);
    for (size_t i = 0; i < 2; i++)
        str_hex(str_bytes(hashes[i], SHA256_BYTES), ret_hashes[i]);
}

enum err sigv4_signature(struct sigv4 *sigv4, const struct digest_key *key, str amz_date,
                         const struct signing_scope *scope, char ret_hex[static DIGEST_HEX])
{
    struct buf *text = &sigv4->scratch;
    char hash[DIGEST_HEX];
    uint8_t mac[DIGEST_BYTES];
    const str parts[] = { STR("AWS4-HMAC-SHA256\n"), amz_date,       STR("\n"), scope->date,
                          STR("/"),                  scope->region,  STR("/"),  scope->service,
                          STR("/aws4_request\n"),    str_bytes(hash, sizeof(hash)) };

    digest_sha256_hex(buf_str(&sigv4->canonical), hash);
    buf_clear(text);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        buf_append(text, parts[i]);
    TRY(text->err);
    digest_hmac(key, buf_str(text), mac);
    str_hex(str_bytes(mac, sizeof(mac)), ret_hex);
    return OK;
}

static enum err refuse(enum err err, str sentence, str *ret_sentence)
{
    if (!str_present(sentence))
        return ERR_NO_MEMORY;
    *ret_sentence = sentence;
    return err;
}

/* By words; of the difference the compiler knows nothing before the end, so that it cannot stop early. */
static bool equal_in_constant_time(str a, str b)
{
    uint64_t differ = 0;
    size_t i = 0;

    if (a.size != b.size)
        return false;
    for (; i + 8 <= a.size; i += 8) {
        differ |= load_le64(a.at + i) ^ load_le64(b.at + i);
        __asm__ volatile("" : "+r"(differ));
    }
    for (; i < a.size; i++)
        differ |= (uint64_t)(uint8_t)(a.at[i] ^ b.at[i]);
    return differ == 0;
}

/* "5 min." or, where that is no whole number, "90 sec.". */
static str span_text(ms span, struct arena *arena)
{
    if (span % 60000 == 0)
        return arena_fmt(arena, "%lld min.", (long long)(span / 60000));
    return arena_fmt(arena, "%lld sec.", (long long)(span / 1000));
}

static str expired(ms then, ms now, ms age_max, struct arena *arena)
{
    char then_text[DATE_TEXT_MAX], now_text[DATE_TEXT_MAX], limit_text[DATE_TEXT_MAX];
    str span = span_text(age_max, arena);

    (void)date_format_basic(then, then_text);
    (void)date_format_basic(now, now_text);
    (void)date_format_basic(now - age_max, limit_text);
    return arena_fmt(arena, "Signature expired: %s is now earlier than %s (%s - %.*s)", then_text, limit_text, now_text,
                     STR_ARG(span));
}

static str not_yet_current(ms then, ms now, ms skew_max, struct arena *arena)
{
    char then_text[DATE_TEXT_MAX], now_text[DATE_TEXT_MAX], limit_text[DATE_TEXT_MAX];
    str span = span_text(skew_max, arena);

    (void)date_format_basic(then, then_text);
    (void)date_format_basic(now, now_text);
    (void)date_format_basic(now + skew_max, limit_text);
    return arena_fmt(arena, "Signature not yet current: %s is still later than %s (%s + %.*s)", then_text, limit_text,
                     now_text, STR_ARG(span));
}

static enum err check_time(const struct claim *claim, ms skew_max, ms now, struct arena *arena, str *ret_sentence)
{
    ms age_max = claim->expires_s ? (ms)claim->expires_s * 1000 : skew_max;

    now -= now % 1000;
    if (claim->at < now - age_max)
        return refuse(ERR_INVALID_SIGNATURE, expired(claim->at, now, age_max, arena), ret_sentence);
    if (claim->at > now + skew_max)
        return refuse(ERR_INVALID_SIGNATURE, not_yet_current(claim->at, now, skew_max, arena), ret_sentence);
    return OK;
}

/* The texts that may stand in the place of the payload hash: one or two. */
struct payloads {
    str texts[2];
    size_t count;
    char hash[DIGEST_HEX];
};

static enum err list_payloads(struct sigv4 *sigv4, const struct sigv4_request *request, const struct claim *claim,
                              struct payloads *payloads, str *ret_sentence)
{
    str given = claim->content_sha256;
    bool unchecked = str_eq(given, STR("UNSIGNED-PAYLOAD")) || str_starts(given, STR("STREAMING-"));

    payloads->count = 1;
    if (str_present(given) && (unchecked || request->body_unread)) {
        payloads->texts[0] = given;
        return OK;
    }
    if (request->body_hash)
        memcpy(payloads->hash, request->body_hash, DIGEST_HEX);
    else
        sigv4_body_hash(sigv4, request->body_unread ? STR("") : request->body, payloads->hash);
    payloads->texts[0] = str_bytes(payloads->hash, DIGEST_HEX);
    if (str_present(given)) {
        if (!str_eq_nocase(given, payloads->texts[0]))
            return refuse(ERR_INVALID_SIGNATURE,
                          STR("The provided 'x-amz-content-sha256' header does not match what was computed."),
                          ret_sentence);
        payloads->texts[0] = given;
    } else if (request->body_unread || claim->presigned) {
        payloads->texts[payloads->count++] = STR("UNSIGNED-PAYLOAD");
    }
    return OK;
}

/* Compare with the signature over each of the payloads. */
static enum err check_signature(struct sigv4 *sigv4, const struct user *user, const struct sigv4_request *request,
                                const struct claim *claim, struct arena *arena, str *ret_sentence)
{
    struct signing_scope scope = { user->secret_key, claim->date, claim->region, claim->service };
    struct canonical_form form = { .path_as_is = str_eq(claim->service, STR("s3")),
                                   .signed_headers = claim->signed_headers };
    const struct digest_key *kept = signing_keys_find(&sigv4->keys, &scope);
    struct digest_key derived;
    struct payloads payloads;
    bool same = false;
    size_t size;

    TRY(list_payloads(sigv4, request, claim, &payloads, ret_sentence));
    buf_clear(&sigv4->canonical);
    TRY(canonical_request(&sigv4->canonical, &sigv4->scratch, request, &form, arena));
    size = sigv4->canonical.size;
    if (kept == NULL)
        TRY(signing_key_derive(&scope, &derived));
    for (size_t i = 0; i < payloads.count && !same; i++) {
        char signature[DIGEST_HEX];

        sigv4->canonical.size = size;
        buf_append(&sigv4->canonical, payloads.texts[i]);
        TRY(sigv4->canonical.err);
        TRY(sigv4_signature(sigv4, kept ? kept : &derived, str_of(claim->amz_date), &scope, signature));
        same = equal_in_constant_time(str_bytes(signature, DIGEST_HEX), claim->signature);
    }
    if (kept == NULL && same)
        signing_keys_keep(&sigv4->keys, &scope, &derived);
    if (kept == NULL)
        digest_key_wipe(&derived);
    return same ? OK : refuse(ERR_INVALID_SIGNATURE, str_of(mismatch), ret_sentence);
}

static bool is_account(str text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
    return text.size == ACCOUNT_DIGITS;
}

static void set_account(struct identity *identity, str account)
{
    assert(is_account(account));
    memcpy(identity->account, account.at, ACCOUNT_DIGITS);
}

static enum err identify_open(const struct sigv4_rules *rules, const struct claim *claim, struct arena *arena,
                              struct identity *ret_identity)
{
    struct identity identity = { .access_key = claim->access_key, .region = claim->region, .service = claim->service,
                                 .administrator = true };

    set_account(&identity, is_account(claim->access_key) ? claim->access_key : rules->open_account);
    identity.principal_arn = arena_fmt(arena, "arn:aws:iam::%s:root", identity.account);
    if (!str_present(identity.principal_arn))
        return ERR_NO_MEMORY;
    *ret_identity = identity;
    return OK;
}

static struct identity identify(const struct user *user, const struct claim *claim)
{
    struct identity identity = { .access_key = user->access_key, .principal_arn = user->principal_arn,
                                 .user_name = user->name, .region = claim->region, .service = claim->service,
                                 .policies = user->policies, .policy_count = user->policy_count,
                                 .administrator = user->administrator, .verified = true };

    set_account(&identity, user->account);
    return identity;
}

/* The form beyond what claim_read asks, which holds in open mode too. */
static enum err check_form(const struct claim *claim, struct arena *arena, str *ret_sentence)
{
    if (!str_eq(claim->algorithm, str_of(algorithm)))
        return refuse(ERR_INCOMPLETE_SIGNATURE,
                      arena_fmt(arena, "Unsupported AWS 'algorithm': '%.*s'.", STR_ARG(claim->algorithm)),
                      ret_sentence);
    return OK;
}

static enum err check_user(const struct user *user, const struct claim *claim, ms now, str *ret_sentence)
{
    if (user == NULL || !equal_in_constant_time(user->session_token, claim->session_token))
        return refuse(ERR_UNRECOGNIZED_CLIENT, str_of(unknown_token), ret_sentence);
    if (user->expires_at && now >= user->expires_at)
        return refuse(ERR_EXPIRED_TOKEN, STR("The security token included in the request is expired"), ret_sentence);
    return OK;
}

enum err sigv4_verify(struct sigv4 *sigv4, const struct sigv4_rules *rules, const struct sigv4_request *request,
                      ms now, struct arena *arena, struct identity *ret_identity, str *ret_sentence)
{
    struct claim_needs needs = { .date = rules->credentials != NULL, .latest = &sigv4->latest };
    const struct user *user;
    struct claim claim;

    TRY(claim_read(request, needs, &sigv4->scratch, arena, &claim, ret_sentence));
    TRY(check_form(&claim, arena, ret_sentence));
    if (rules->credentials == NULL)
        return identify_open(rules, &claim, arena, ret_identity);
    if (!claim_signs_host(&claim))
        return refuse(ERR_INVALID_SIGNATURE,
                      STR("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."), ret_sentence);
    user = credentials_find(rules->credentials, claim.access_key);
    TRY(check_user(user, &claim, now, ret_sentence));
    TRY(check_time(&claim, rules->skew_max, now, arena, ret_sentence));
    TRY(check_signature(sigv4, user, request, &claim, arena, ret_sentence));
    *ret_identity = identify(user, &claim);
    return OK;
}
