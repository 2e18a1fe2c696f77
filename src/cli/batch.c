/* batch.c: lines of text become records with keys, and records become the bodies of PutRecords. */
#include "cli/batch.h"

#include <assert.h>
#include <stdio.h>

#include "base/map.h"
#include "codec/json.h"

enum { HASH_SEED = 0x6c656174, ANSWER_DEPTH = 8 };

/* ---- keys ------------------------------------------------------------------------------------------------------ */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static str field_of(str line, uint64_t wanted)
{
    size_t at = 0, from;

    for (uint64_t field = 1; at < line.size; field++) {
        while (at < line.size && is_blank(line.at[at]))
            at++;
        from = at;
        while (at < line.size && !is_blank(line.at[at]))
            at++;
        if (field == wanted)
            return str_slice(line, from, at);
    }
    return (str){ 0 };
}

static str match_of(const regex_t *regex, str line, struct buf *scratch)
{
    regmatch_t match[2];
    size_t group;

    buf_clear(scratch);
    buf_append(scratch, line);
    buf_byte(scratch, 0);
    if (scratch->err != OK || regexec(regex, scratch->at, 2, match, 0) != 0)
        return (str){ 0 };
    group = match[1].rm_so >= 0 ? 1 : 0;
    return str_slice(buf_str(scratch), (size_t)match[group].rm_so, (size_t)match[group].rm_eo);
}

str key_of_line(const struct key_rule *rule, str line, struct buf *scratch)
{
    str key = { 0 };

    switch (rule->kind) {
    case KEY_OF_FIELD:
        key = field_of(line, rule->field);
        break;
    case KEY_OF_REGEX:
        key = match_of(&rule->regex, line, scratch);
        break;
    case KEY_OF_TEXT:
        return rule->text;
    case KEY_OF_HASH:
        break;
    }
    if (key.size > 0 && key.size <= KEY_BYTES_MAX && str_is_utf8(key) && memchr(key.at, 0, key.size) == NULL)
        return key;
    buf_clear(scratch);
    buf_fmt(scratch, "%016llx", (unsigned long long)map_hash(HASH_SEED, line));
    return buf_str(scratch);
}

size_t lane_of_key(str key, size_t lanes)
{
    return (size_t)(map_hash(HASH_SEED, key) % lanes);
}

/* ---- batches --------------------------------------------------------------------------------------------------- */

void batch_init(struct batch *batch)
{
    batch->count = 0;
    buf_init(&batch->bytes, RECORD_BYTES_MAX + BATCH_BYTES_MAX);
}

void batch_deinit(struct batch *batch)
{
    buf_deinit(&batch->bytes);
}

void batch_clear(struct batch *batch)
{
    batch->count = 0;
    buf_clear(&batch->bytes);
}

bool batch_fits(const struct batch *batch, size_t record_size)
{
    if (batch->count == 0)
        return true;
    return batch->count < BATCH_RECORDS_MAX && batch->bytes.size + record_size <= BATCH_BYTES_MAX;
}

void batch_add(struct batch *batch, str key, str data)
{
    assert(batch->count < BATCH_RECORDS_MAX);
    batch->records[batch->count++] = (struct batch_record){
        .at = batch->bytes.size,
        .key_size = key.size,
        .data_size = data.size,
    };
    buf_append(&batch->bytes, key);
    buf_append(&batch->bytes, data);
}

void batch_body(const struct batch *batch, str stream, struct buf *body)
{
    struct json_writer json;

    buf_clear(body);
    json_write_init(&json, body);
    json_write_object_begin(&json);
    json_write_key(&json, STR("StreamName"));
    json_write_string(&json, stream);
    json_write_key(&json, STR("Records"));
    json_write_array_begin(&json);
    for (size_t i = 0; i < batch->count; i++) {
        const struct batch_record *record = &batch->records[i];
        str key = str_slice(buf_str(&batch->bytes), record->at, record->at + record->key_size);

        json_write_object_begin(&json);
        json_write_key(&json, STR("Data"));
        json_write_base64(&json, str_bytes(key.at + key.size, record->data_size));
        json_write_key(&json, STR("PartitionKey"));
        json_write_string(&json, key);
        json_write_object_end(&json);
    }
    json_write_array_end(&json);
    json_write_object_end(&json);
}

/* One entry of the answer's Records, behind its OBJECT_BEGIN: was it refused, and why? */
static enum err read_entry(struct json *json, str *ret_code, str *ret_message)
{
    struct json_token key, value;

    *ret_code = *ret_message = (str){ 0 };
    for (;;) {
        TRY(json_next(json, &key));
        if (key.kind == JSON_OBJECT_END)
            return OK;
        TRY(json_next(json, &value));
        if (str_eq(key.text, STR("ErrorCode")) && value.kind == JSON_STRING)
            *ret_code = value.text;
        else if (str_eq(key.text, STR("ErrorMessage")) && value.kind == JSON_STRING)
            *ret_message = value.text;
        TRY(json_skip_rest(json, value.kind));
    }
}

/* Which records were refused? Sets refused[i] for each and the first reason. */
static enum err read_entries(struct json *json, size_t count, bool *refused, char *ret_kind, char *ret_sentence)
{
    struct json_token token;
    bool first = true;

    TRY(json_expect(json, JSON_ARRAY_BEGIN, &token));
    for (size_t i = 0;; i++) {
        str code, message;

        TRY(json_next(json, &token));
        if (token.kind == JSON_ARRAY_END)
            return i == count ? OK : ERR_MALFORMED;
        if (i == count || token.kind != JSON_OBJECT_BEGIN)
            return ERR_MALFORMED;
        TRY(read_entry(json, &code, &message));
        refused[i] = code.size > 0;
        if (refused[i] && first) {
            snprintf(ret_kind, 64, "%.*s", STR_ARG(code));
            snprintf(ret_sentence, 256, "%.*s", STR_ARG(message));
            first = false;
        }
    }
}

static enum err read_answer(struct buf *answer, size_t count, bool *refused, char *ret_kind, char *ret_sentence)
{
    struct json json;
    struct json_token token;
    bool seen = false;

    json_init(&json, answer->at, answer->size, ANSWER_DEPTH);
    TRY(json_expect(&json, JSON_OBJECT_BEGIN, &token));
    for (;;) {
        TRY(json_next(&json, &token));
        if (token.kind == JSON_OBJECT_END)
            return seen ? OK : ERR_MALFORMED;
        if (!seen && str_eq(token.text, STR("Records"))) {
            TRY(read_entries(&json, count, refused, ret_kind, ret_sentence));
            seen = true;
        } else {
            TRY(json_skip(&json));
        }
    }
}

/* Keep what was refused; the bytes of the others are squeezed out. */
static void squeeze(struct batch *batch, const bool *refused, uint64_t *taken, uint64_t *bytes)
{
    size_t kept = 0, end = 0;

    for (size_t i = 0; i < batch->count; i++) {
        struct batch_record record = batch->records[i];
        size_t size = record.key_size + record.data_size;

        if (!refused[i]) {
            *taken += 1;
            *bytes += record.data_size;
            continue;
        }
        if (size > 0)
            memmove(batch->bytes.at + end, batch->bytes.at + record.at, size);
        record.at = end;
        end += size;
        batch->records[kept++] = record;
    }
    batch->count = kept;
    batch->bytes.size = end;
}

enum err batch_settle(struct batch *batch, struct buf *answer, uint64_t *ret_taken, uint64_t *ret_bytes,
                      char ret_kind[static 64], char ret_sentence[static 256])
{
    bool refused[BATCH_RECORDS_MAX];
    uint64_t taken = 0, bytes = 0;

    TRY(read_answer(answer, batch->count, refused, ret_kind, ret_sentence));
    squeeze(batch, refused, &taken, &bytes);
    *ret_taken = taken;
    *ret_bytes = bytes;
    return OK;
}
