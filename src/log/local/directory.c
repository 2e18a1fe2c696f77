/* directory.c: what a start finds in the directory: names, the manifest, what it says and what contradicts it. */
#include "log/local/directory.h"

#include <stdlib.h>

#include "base/grow.h"
#include "log/local/rebuild.h"

enum { NAMES_MAX = 1 << 20 };

void recover_report(struct recover *state, int level, const char *format, ...)
{
    va_list args;

    buf_fmt(&state->recovery->report, "%d ", level);
    va_start(args, format);
    buf_vfmt(&state->recovery->report, format, args);
    va_end(args);
    buf_byte(&state->recovery->report, '\n');
}

void recover_doom(struct recover *state, const char *name)
{
    buf_fmt(&state->recovery->doomed, "%s\n", name);
}

static enum err numbers_push(struct numbers *numbers, uint64_t number)
{
    if (numbers->count == NAMES_MAX)
        return ERR_NO_MEMORY;
    TRY(GROW(numbers->at, numbers->count, numbers->capacity, 64));
    numbers->at[numbers->count++] = number;
    return OK;
}

/* What was being made when we stopped goes, and its number is not used again while it goes. Other names stay. */
static enum err tmp_name(struct recover *state, const char *name)
{
    char whole[SEGMENT_NAME_MAX];
    uint64_t number;
    size_t size = strlen(name) - 4;

    if (strcmp(name, "manifest.tmp") == 0)
        recover_doom(state, name);
    if (size >= sizeof(whole))
        return OK;
    memcpy(whole, name, size);
    whole[size] = 0;
    if (segment_name_parse(whole, "commit", &number) != OK && segment_name_parse(whole, "spare", &number) != OK)
        return OK;
    recover_doom(state, name);
    if (number > state->number_max)
        state->number_max = number;
    return OK;
}

static enum err each_name(void *ctx, const char *name)
{
    struct recover *state = ctx;
    uint64_t number;
    struct numbers *numbers;

    if (strcmp(name, "manifest") == 0) {
        state->manifest_found = true;
        return OK;
    }
    if (str_ends(str_of(name), STR(".tmp")))
        return tmp_name(state, name);
    if (segment_name_parse(name, "commit", &number) == OK)
        numbers = &state->commits;
    else if (segment_name_parse(name, "spare", &number) == OK)
        numbers = &state->spares;
    else if (segment_name_parse(name, "settled", &number) == OK)
        return numbers_push(&state->settled, number);
    else
        return OK; /* not ours */
    if (number > state->number_max)
        state->number_max = number;
    return numbers_push(numbers, number); /* ascending: fixed width, bytewise order */
}

static enum err load_manifest(struct recover *state)
{
    char path[PATH_BYTES_MAX], *at;
    size_t size;
    enum err err;

    if (!state->manifest_found) {
        if (state->commits.count == 0 && state->settled.count == 0)
            return OK;
        recover_report(state, REPORT_ERROR, "the file manifest is missing, and the files beside it cannot be understood without it: "
                       "a copy that was not finished looks so; restore it, or the directory, from a backup");
        return ERR_CORRUPT;
    }
    local_path(state->local, "manifest", path);
    TRY(os_read_file(state->local->os, path, MANIFEST_BYTES_MAX, &at, &size));
    err = manifest_decode(str_bytes(at, size), &state->manifest);
    if (err == ERR_CORRUPT)
        err = rebuild_manifest(state, str_bytes(at, size));
    free(at);
    if (err == ERR_CORRUPT)
        recover_report(state, REPORT_ERROR, "the file manifest is damaged and cannot be rebuilt from what is there: restore it, "
                       "or the directory, from a backup");
    else if (err == ERR_NEWER)
        recover_report(state, REPORT_ERROR, "the file manifest was written by a newer version, which this one cannot read");
    return err;
}

bool numbers_known(const struct numbers *numbers, uint64_t number)
{
    uint32_t low = 0, high = numbers->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (numbers->at[middle] == number)
            return true;
        if (numbers->at[middle] < number)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

static int by_number(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

/* Settled files that the manifest does not name are from a pass that was not finished. */
static enum err take_settled(struct recover *state)
{
    struct numbers named = { 0 };
    char name[SETTLED_NAME_MAX];
    enum err err = OK;

    for (uint32_t i = 0; i < state->manifest.file_count && err == OK; i++) {
        const struct manifest_file *file = &state->manifest.files[i];

        err = numbers_push(&named, file->number);
        if (err == OK)
            err = local_file_add(state->local, file);
        settled_name(name, file->number);
        if (!numbers_known(&state->settled, file->number))
            recover_report(state, REPORT_ERROR, "%s is missing: what was settled in it cannot be read", name);
    }
    if (err == OK && named.count > 0)
        qsort(named.at, named.count, sizeof(named.at[0]), by_number);
    for (uint32_t i = 0; i < state->settled.count && err == OK; i++) {
        settled_name(name, state->settled.at[i]);
        if (!numbers_known(&named, state->settled.at[i]))
            recover_doom(state, name);
        if (state->settled.at[i] >= state->local->next_file)
            state->local->next_file = state->settled.at[i] + 1;
    }
    free(named.at);
    return err;
}

static enum err take_manifest(struct recover *state)
{
    struct local *local = state->local;
    struct manifest *manifest = &state->manifest;

    local->manifest_count = manifest->version_count;
    local->settled_segment = manifest->settled_segment;
    local->settled_frame = manifest->settled_frame;
    local->settled_time = manifest->time;
    local->next_file = manifest->next_file ? manifest->next_file : 1;
    local->commit.time = manifest->time;
    local->settled = local->tail.start = local->tail.end = manifest->settled;
    state->expected = manifest->settled_frame + 1;
    local->commit.control = manifest->settled_frame;
    for (uint32_t i = 0; i < manifest->sealed_count; i++) {
        if (manifest->sealed[i] != 0)
            TRY(idmap_put(&local->sealed, manifest->sealed[i], SEAL_DURABLE));
    }
    for (uint32_t i = 0; i < manifest->hole_count; i++)
        local_hole(local, manifest->holes[i]);
    return take_settled(state);
}

static enum err take_spares(struct recover *state)
{
    struct segments *segments = &state->local->segments;

    for (uint32_t i = 0; i < state->spares.count; i++) {
        char name[SEGMENT_NAME_MAX], path[PATH_BYTES_MAX];
        struct os_stat stat;

        segment_name(name, "spare", state->spares.at[i]);
        local_path(state->local, name, path);
        TRY(os_stat(state->local->os, path, &stat));
        if (segments->spare_count < SPARES_MAX && stat.size >= SEGMENT_HEADER_BYTES + FRAME_HEADER_BYTES)
            segments->spares[segments->spare_count++] = (struct spare){ state->spares.at[i], stat.size };
        else
            recover_doom(state, name);
    }
    return OK;
}

enum err directory_read(struct recover *state)
{
    TRY(os_list(state->local->os, state->local->dir, each_name, state));
    return load_manifest(state);
}

enum err directory_take(struct recover *state)
{
    TRY(take_manifest(state));
    return take_spares(state);
}
