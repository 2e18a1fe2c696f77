/* claim.c: reading the Authorization header or the X-Amz-... query of a request.
 *
 *   Authorization: AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, SignedHeaders=a;b, Signature=HEX
 *
 * Separators are commas, spaces or both. The refusals are those of the real service, word by word. */
#include "auth/claim.h"

#include "codec/percent.h"

/* The headers and parameters that matter, as found; absent if not given. */
struct found {
    str authorization, amz_date, date, token, content_sha256;
    str algorithm, credential, signature, signed_headers, expires;
};

/* The first of that name. */
static void keep_if(const struct sigv4_header *header, str name, str *value)
{
    if (!str_present(*value) && str_eq_nocase(header->name, name))
        *value = str_trim(header->value);
}

static void find_headers(const struct sigv4_request *request, struct found *found)
{
    for (size_t i = 0; i < request->header_count; i++) {
        const struct sigv4_header *header = &request->headers[i];

        switch (header->name.size) {
        case 4:
            keep_if(header, STR("date"), &found->date);
            break;
        case 10:
            keep_if(header, STR("x-amz-date"), &found->amz_date);
            break;
        case 13:
            keep_if(header, STR("authorization"), &found->authorization);
            break;
        case 20:
            keep_if(header, STR("x-amz-security-token"), &found->token);
            keep_if(header, STR("x-amz-content-sha256"), &found->content_sha256);
            break;
        default:
            break;
        }
    }
}

/* Decoded into the arena if anything is encoded; what cannot be decoded stays as it is. */
static enum err decode(str text, struct buf *scratch, struct arena *arena, str *ret_text)
{
    enum err err;

    *ret_text = text;
    if (str_index(text, '%') == text.size)
        return OK;
    buf_clear(scratch);
    err = percent_decode(scratch, text, PERCENT_PLUS_LITERAL);
    if (err == ERR_MALFORMED)
        return OK;
    TRY(err);
    text = arena_str(arena, buf_str(scratch));
    if (!str_present(text))
        return ERR_NO_MEMORY;
    *ret_text = text;
    return OK;
}

/* True in `*ret_presigned` if the query names an algorithm, the mark of a presigned request. */
static enum err find_parameters(str query, struct buf *scratch, struct arena *arena, struct found *found,
                                bool *ret_presigned)
{
    const struct {
        str name;
        str *value;
    } wanted[] = {
        { STR("X-Amz-Algorithm"), &found->algorithm },
        { STR("X-Amz-Credential"), &found->credential },
        { STR("X-Amz-Signature"), &found->signature },
        { STR("X-Amz-SignedHeaders"), &found->signed_headers },
        { STR("X-Amz-Date"), &found->amz_date },
        { STR("X-Amz-Expires"), &found->expires },
        { STR("X-Amz-Security-Token"), &found->token },
        { STR("X-Amz-Content-Sha256"), &found->content_sha256 },
    };
    str name, value;

    *ret_presigned = false;
    while (query.size && percent_next_pair(&query, &name, &value)) {
        if (!str_starts(name, STR("X-Amz-")))
            continue;
        for (size_t j = 0; j < sizeof(wanted) / sizeof(wanted[0]); j++)
            if (str_eq(name, wanted[j].name) && !str_present(*wanted[j].value))
                TRY(decode(value.size ? value : STR(""), scratch, arena, wanted[j].value));
    }
    *ret_presigned = str_present(found->algorithm);
    return OK;
}

static enum err refuse(enum err err, str sentence, str *ret_sentence)
{
    if (!str_present(sentence))
        return ERR_NO_MEMORY;
    *ret_sentence = sentence;
    return err;
}

/* What stands before the next comma or space; empty at the end. */
static str next_word(str *rest)
{
    str word = *rest;

    while (word.size && (*word.at == ',' || *word.at == ' '))
        word = str_slice(word, 1, word.size);
    *rest = word;
    word.size = str_index(word, ' ');
    word.size = str_index(word, ',');
    *rest = str_slice(*rest, word.size, rest->size);
    return word;
}

static void split_authorization(struct found *found)
{
    str rest = found->authorization, part;

    found->algorithm = next_word(&rest);
    while ((part = next_word(&rest)).size) {
        str name = str_cut(&part, '=');

        if (str_eq(name, STR("Credential")))
            found->credential = part;
        else if (str_eq(name, STR("Signature")))
            found->signature = part;
        else if (str_eq(name, STR("SignedHeaders")))
            found->signed_headers = part;
    }
}

static enum err check_header_form(const struct found *found, struct buf *scratch, struct arena *arena,
                                  str *ret_sentence)
{
    buf_clear(scratch);
    if (found->credential.size == 0)
        buf_fmt(scratch, "Authorization header requires 'Credential' parameter. ");
    if (found->signature.size == 0)
        buf_fmt(scratch, "Authorization header requires 'Signature' parameter. ");
    if (found->signed_headers.size == 0)
        buf_fmt(scratch, "Authorization header requires 'SignedHeaders' parameter. ");
    if (found->amz_date.size == 0 && found->date.size == 0)
        buf_fmt(scratch, "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ");
    if (scratch->size == 0)
        return scratch->err;
    buf_fmt(scratch, "Authorization=%.*s", STR_ARG(found->authorization));
    TRY(scratch->err);
    return refuse(ERR_INCOMPLETE_SIGNATURE, arena_str(arena, buf_str(scratch)), ret_sentence);
}

static enum err check_query_form(const struct found *found, struct buf *scratch, struct arena *arena,
                                 str *ret_sentence)
{
    const struct {
        const char *name;
        str value;
    } needed[] = {
        { "X-Amz-Algorithm", found->algorithm },   { "X-Amz-Credential", found->credential },
        { "X-Amz-Signature", found->signature },   { "X-Amz-SignedHeaders", found->signed_headers },
        { "X-Amz-Date", found->amz_date },
    };

    buf_clear(scratch);
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
        if (needed[i].value.size == 0)
            buf_fmt(scratch, "AWS query-string parameters must include '%s'. ", needed[i].name);
    if (scratch->size == 0)
        return scratch->err;
    buf_fmt(scratch, "Re-examine the query-string parameters.");
    TRY(scratch->err);
    return refuse(ERR_INCOMPLETE_SIGNATURE, arena_str(arena, buf_str(scratch)), ret_sentence);
}

/* KEY/DATE/REGION/SERVICE/aws4_request */
static enum err split_credential(str credential, struct arena *arena, struct claim *claim, str *ret_sentence)
{
    str rest = credential, parts[5];
    size_t count = 0;

    for (; str_present(rest) && count < 5; count++) {
        parts[count] = str_cut(&rest, '/');
        if (parts[count].size == 0)
            break;
    }
    if (count != 5 || str_present(rest))
        return refuse(ERR_INCOMPLETE_SIGNATURE,
                      arena_fmt(arena,
                                "Credential must have exactly 5 slash-delimited elements, "
                                "e.g. keyid/date/region/service/term, got '%.*s'",
                                STR_ARG(credential)),
                      ret_sentence);
    if (!str_eq(parts[4], STR("aws4_request")))
        return refuse(ERR_INVALID_SIGNATURE,
                      arena_fmt(arena,
                                "Credential should be scoped with a valid terminator: 'aws4_request', not '%.*s'.",
                                STR_ARG(parts[4])),
                      ret_sentence);
    claim->access_key = parts[0];
    claim->date = parts[1];
    claim->region = parts[2];
    claim->service = parts[3];
    return OK;
}

static enum err parse_date(str text, struct claim_date *latest, ms *ret_at)
{
    if (text.size != sizeof(latest->text))
        return date_parse(text, ret_at);
    if (!latest->text[0] || memcmp(text.at, latest->text, sizeof(latest->text)) != 0) {
        TRY(date_parse(text, &latest->at));
        memcpy(latest->text, text.at, sizeof(latest->text));
    }
    *ret_at = latest->at;
    return OK;
}

static enum err read_date(const struct found *found, struct claim_date *latest, struct arena *arena,
                          struct claim *claim, str *ret_sentence)
{
    str text = found->amz_date.size ? found->amz_date : found->date;

    if (parse_date(text, latest, &claim->at) != OK || (found->amz_date.size && text.size != 16))
        return refuse(ERR_INCOMPLETE_SIGNATURE,
                      arena_fmt(arena,
                                "Date must be in ISO-8601 'basic format'. Got '%.*s'. "
                                "See http://en.wikipedia.org/wiki/ISO_8601",
                                STR_ARG(text)),
                      ret_sentence);
    if (found->amz_date.size)
        memcpy(claim->amz_date, text.at, text.size);
    else
        (void)date_format_basic(claim->at, claim->amz_date);
    if (!str_eq(claim->date, str_bytes(claim->amz_date, 8)))
        return refuse(ERR_INVALID_SIGNATURE,
                      arena_fmt(arena,
                                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from "
                                "HTTP: '%.*s' != '%.8s', from '%s'.",
                                STR_ARG(claim->date), claim->amz_date, claim->amz_date),
                      ret_sentence);
    return OK;
}

static enum err read_expires(str text, struct claim *claim, str *ret_sentence)
{
    uint64_t seconds;

    if (!str_present(text))
        return OK;
    if (str_u64(text, &seconds) != OK || seconds < 1 || seconds > 604800)
        return refuse(ERR_INCOMPLETE_SIGNATURE,
                      STR("X-Amz-Expires must be a number of seconds between 1 and 604800. "
                          "Re-examine the query-string parameters."),
                      ret_sentence);
    claim->expires_s = (uint32_t)seconds;
    return OK;
}

enum err claim_read(const struct sigv4_request *request, struct claim_needs needs, struct buf *scratch,
                    struct arena *arena, struct claim *ret_claim, str *ret_sentence)
{
    struct found found = { 0 }, query = { 0 };
    struct claim claim = { 0 };

    find_headers(request, &found);
    TRY(find_parameters(request->query, scratch, arena, &query, &claim.presigned));
    if (found.authorization.size && claim.presigned)
        return refuse(ERR_INVALID_SIGNATURE,
                      STR("Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."),
                      ret_sentence);
    if (!claim.presigned && found.authorization.size == 0)
        return refuse(ERR_MISSING_TOKEN, STR("Missing Authentication Token"), ret_sentence);
    if (claim.presigned) {
        if (!str_present(query.token))
            query.token = found.token;
        if (!str_present(query.content_sha256))
            query.content_sha256 = found.content_sha256;
        found = query;
        TRY(check_query_form(&found, scratch, arena, ret_sentence));
        TRY(read_expires(found.expires, &claim, ret_sentence));
    } else {
        split_authorization(&found);
        TRY(check_header_form(&found, scratch, arena, ret_sentence));
    }
    TRY(split_credential(found.credential, arena, &claim, ret_sentence));
    claim.algorithm = found.algorithm;
    claim.signed_headers = found.signed_headers;
    claim.signature = found.signature;
    claim.session_token = found.token;
    claim.content_sha256 = found.content_sha256;
    if (needs.date)
        TRY(read_date(&found, needs.latest, arena, &claim, ret_sentence));
    *ret_claim = claim;
    return OK;
}

bool claim_signs_host(const struct claim *claim)
{
    str names = claim->signed_headers;

    while (str_present(names)) {
        str name = str_cut(&names, ';');

        if (str_eq_nocase(name, STR("host")) || str_eq(name, STR(":authority")))
            return true;
    }
    return false;
}
