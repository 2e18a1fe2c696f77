#include "iter.c"

#include "unit.h"

static const uint8_t key[SEAL_KEY_BYTES] = { 1, 2, 3 };

static struct iter_sealer *sealer_of(uint8_t first)
{
    uint8_t bytes[SEAL_KEY_BYTES];
    struct iter_sealer *sealer = NULL;

    memcpy(bytes, key, sizeof(bytes));
    bytes[0] = first;
    CHECK_INT(iter_sealer_create(bytes, /* epoch: */ first, &sealer), OK);
    return sealer;
}

static const struct iter sample = {
    .issued = 1767225600123,
    .stream_id = 42,
    .shard = 7,
    .position = (log_pos)3 << 60,
    .not_before = 1767225500000,
    .account = { "123456789012", 12 },
    .region = { "us-east-1", 9 },
    .stream_name = { "orders", 6 },
};

TEST("an iterator comes back as it went, also to a server that starts later")
{
    struct iter_sealer *sealer = sealer_of(1), *later = NULL;
    struct arena arena;
    struct iter iter;
    str text;

    arena_init(&arena, 1 << 20);
    CHECK_INT(iter_sealer_create(key, /* epoch: */ 9, &later), OK);
    text = iter_encode(sealer, &sample, &arena);
    CHECK_INT(iter_decode(later, text, &arena, &iter), OK);
    CHECK(iter.issued == sample.issued && iter.stream_id == 42 && iter.shard == 7 && iter.position == sample.position &&
          iter.not_before == sample.not_before);
    CHECK_STR(iter.account, "123456789012");
    CHECK_STR(iter.region, "us-east-1");
    CHECK_STR(iter.stream_name, "orders");
    CHECK_INT(iter_decode(later, arena_fmt(&arena, "\"%.*s\"", STR_ARG(text)), &arena, &iter), OK);
    CHECK_INT(iter_decode(later, arena_fmt(&arena, "\"%.*s", STR_ARG(text)), &arena, &iter), ERR_INVALID_ARGUMENT);
    CHECK_INT(iter_decode(later, arena_fmt(&arena, "\"\"%.*s\"\"", STR_ARG(text)), &arena, &iter),
              ERR_INVALID_ARGUMENT);
    CHECK(!str_eq(text, iter_encode(sealer, &sample, &arena))); /* a nonce is used once */
    iter_sealer_destroy(sealer);
    iter_sealer_destroy(later);
    arena_deinit(&arena);
}

TEST("texts look like those of the service whatever the names")
{
    struct iter_sealer *sealer = sealer_of(1);
    struct arena arena;
    char name[300];

    memset(name, 'n', sizeof(name));
    arena_init(&arena, 4 << 20);
    for (size_t size = 0; size <= 300; size += size < 140 ? 1 : 40) {
        struct iter wanted = sample, iter;
        str text;
        size_t bytes;

        wanted.stream_name = str_bytes(name, size);
        text = iter_encode(sealer, &wanted, &arena);
        CHECK(text.size > 0 && text.size <= 512);
        CHECK(str_starts(text, STR("AAAAAAAAAA")) && text.at[10] >= 'E' && text.at[10] <= 'H');
        CHECK(base64_check(text, &bytes, NULL) == OK && (bytes - 8) % 16 == 0);
        CHECK_INT(iter_decode(sealer, text, &arena, &iter), OK);
        CHECK_INT(iter.stream_name.size, size < ITER_TEXT_MAX ? size : ITER_TEXT_MAX);
        CHECK(iter.position == wanted.position && str_eq(iter.region, wanted.region));
        arena_reset(&arena);
    }
    {
        struct iter longest = sample;

        longest.region = longest.account = longest.stream_name = str_bytes(name, 300);
        CHECK(iter_encode(sealer, &longest, &arena).size <= 1024);
    }
    iter_sealer_destroy(sealer);
    arena_deinit(&arena);
}

TEST("a text that was altered in any place, cut or of another key is refused")
{
    struct iter_sealer *sealer = sealer_of(1), *other = sealer_of(2);
    struct arena arena;
    struct iter iter;
    str text;
    char altered[1024];

    arena_init(&arena, 8 << 20);
    text = iter_encode(sealer, &sample, &arena);
    for (size_t i = 0; i < text.size; i++) {
        for (const char *with = "ABz9+/=-\"\0"; with[0]; with++) {
            memcpy(altered, text.at, text.size);
            if (altered[i] == *with)
                continue;
            altered[i] = *with;
            CHECK_INT(iter_decode(sealer, str_bytes(altered, text.size), &arena, &iter), ERR_INVALID_ARGUMENT);
        }
    }
    for (size_t cut = 0; cut < text.size; cut++)
        CHECK_INT(iter_decode(sealer, str_slice(text, 0, cut), &arena, &iter), ERR_INVALID_ARGUMENT);
    CHECK_INT(iter_decode(other, text, &arena, &iter), ERR_INVALID_ARGUMENT);
    CHECK_INT(iter_decode(sealer, STR(""), &arena, &iter), ERR_INVALID_ARGUMENT);
    CHECK_INT(iter_decode(sealer, STR("\"\""), &arena, &iter), ERR_INVALID_ARGUMENT);
    iter_sealer_destroy(sealer);
    iter_sealer_destroy(other);
    arena_deinit(&arena);
}

TEST("an iterator lives for five minutes")
{
    CHECK(!iter_expired(1000, 1000));
    CHECK(!iter_expired(1000, 1000 + ITER_LIFE_MS));
    CHECK(iter_expired(1000, 1001 + ITER_LIFE_MS));
    CHECK(!iter_expired(1000, 0)); /* the clock went back */
}

TEST("a page token belongs to its operation and is no iterator")
{
    struct iter_sealer *sealer = sealer_of(1);
    struct arena arena;
    struct iter iter;
    ms issued = 0;
    str text, state = { 0 };
    char large[4096];

    memset(large, 'x', sizeof(large));
    arena_init(&arena, 1 << 20);
    text = page_encode(sealer, STR("ListShards"), 77, STR("after=3"), &arena);
    CHECK_INT(page_decode(sealer, STR("ListShards"), text, &arena, &issued, &state), OK);
    CHECK_INT(issued, 77);
    CHECK_STR(state, "after=3");
    CHECK_INT(page_decode(sealer, STR("ListStreams"), text, &arena, &issued, &state), ERR_INVALID_ARGUMENT);
    CHECK_INT(page_decode(sealer, STR("iterator"), text, &arena, &issued, &state), ERR_INVALID_ARGUMENT);
    CHECK_INT(iter_decode(sealer, text, &arena, &iter), ERR_INVALID_ARGUMENT);
    CHECK_INT(page_decode(sealer, STR("ListShards"), iter_encode(sealer, &sample, &arena), &arena, &issued, &state),
              ERR_INVALID_ARGUMENT);
    text = page_encode(sealer, STR("x"), -1, str_bytes(large, sizeof(large)), &arena);
    CHECK_INT(page_decode(sealer, STR("x"), text, &arena, &issued, &state), OK);
    CHECK(issued == -1 && str_eq(state, str_bytes(large, sizeof(large))));
    text = page_encode(sealer, STR("x"), 1, STR(""), &arena);
    CHECK(page_decode(sealer, STR("x"), text, &arena, &issued, &state) == OK && state.size == 0);
    iter_sealer_destroy(sealer);
    arena_deinit(&arena);
}

UNIT_MAIN
