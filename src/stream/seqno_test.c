#include "seqno.c"

#include "unit.h"

static str format(struct seqno seqno)
{
    static char digits[SEQNO_DIGITS];

    seqno_format(seqno, digits);
    return str_bytes(digits, sizeof(digits));
}

TEST("numbers recorded from the service are taken apart and put together again")
{
    struct seqno seqno;
    int version;

    CHECK_INT(seqno_parse(STR("49543463076548007577105092703039560359975228518395019266"), &seqno, &version), OK);
    CHECK_INT(version, 2);
    CHECK_INT(seqno.created_s, 1411403981);
    CHECK_INT(seqno.index, 5501);
    CHECK_INT(seqno.time_s, 1411431220);
    CHECK_INT(seqno.shard, 0);
    CHECK_STR(format(seqno), "49543463076548007577105092703039560359975228518395019266");
    CHECK_INT(seqno_parse(STR("49590338271490256608559692538361571095921575989136588898"), &seqno, &version), OK);
    CHECK_INT(seqno.created_s, 1542776258);
    CHECK_INT(seqno.index, 1734642199);
    CHECK_INT(seqno.time_s, 1545084650);
    CHECK_INT(seqno.shard, 6);
    CHECK_STR(format(seqno), "49590338271490256608559692538361571095921575989136588898");
}

TEST("a shard's starting number")
{
    struct shard shard = { .created_s = 1767225600 };

    CHECK_STR(format(seqno_start(&shard)), "49670424472731169861061894383142885425265240724400504834");
    shard.index = 1;
    CHECK_STR(format(seqno_start(&shard)), "49670424472753470606260425006284421143537889085906485266");
    shard.index = 17;
    CHECK_STR(format(seqno_start(&shard)), "49670424472753470606260425006284421143537889085906485522");
}

TEST("numbers of a shard are ordered as their positions, and start and end enclose them")
{
    struct shard shard = { .created_s = 1767225600, .index = 3, .closed_at = 1767229200000 };
    char before[SEQNO_DIGITS], after[SEQNO_DIGITS];
    uint64_t state = 3;
    log_pos position = 1;

    seqno_format(seqno_start(&shard), before);
    for (int i = 0; i < 1000; i++) {
        ms time = 1767225600000 + (ms)(unit_random(&state) % 100000000);
        struct seqno seqno = seqno_of(&shard, position, time), back;
        int version;

        seqno_format(seqno, after);
        CHECK(memcmp(before, after, 56) < 0);
        CHECK(seqno_parse(str_bytes(after, 56), &back, &version) == OK && back.index == position * 2);
        CHECK(seqno_at(back) == position && seqno_after(back) == position + 1);
        back.index++; /* a continuation: behind this record, before the next */
        CHECK(seqno_at(back) == position + 1 && seqno_after(back) == position + 1);
        memcpy(before, after, 56);
        position += 1 + (unit_random(&state) >> 14);
    }
    seqno_format(seqno_end(&shard), after);
    CHECK(memcmp(before, after, 56) < 0);
}

TEST("a number made from the last one is the number, whatever the last one was")
{
    struct seqno_near near = { 0 };
    char digits[SEQNO_DIGITS];
    uint64_t state = 5;

    for (int i = 0; i < 20000; i++) {
        struct seqno seqno = near.last, back;
        int version;

        switch (unit_random(&state) % 8) {
        case 0:
            seqno = (struct seqno){ .created_s = 1767225600 + (int64_t)(unit_random(&state) % 1000000000),
                                    .index = unit_random(&state) >> (1 + unit_random(&state) % 60),
                                    .time_s = 1767225600 + (int64_t)(unit_random(&state) % 1000000000),
                                    .shard = (uint32_t)unit_random(&state) >> unit_random(&state) % 32 };
            break;
        case 1:
            seqno.time_s++;
            break;
        case 2:
            seqno.shard ^= 16;
            break;
        case 3:
            seqno.index++;
            break;
        default:
            seqno.index += 2;
            break;
        }
        seqno.index &= INT64_MAX;
        seqno_format_near(&near, seqno, digits);
        if (!CHECK(seqno_parse(str_bytes(digits, sizeof(digits)), &back, &version) == OK && version == 2) ||
            !CHECK(back.index == seqno.index && back.shard == seqno.shard && back.time_s == seqno.time_s &&
                   back.created_s == seqno.created_s))
            return;
    }
}

TEST("what is no sequence number is refused; zero is one of an old layout")
{
    struct seqno seqno;
    int version;

    CHECK(seqno_parse(STR("0"), &seqno, &version) == OK && version == 0 && seqno.shard == 0);
    CHECK_INT(seqno_parse(STR(""), &seqno, &version), ERR_MALFORMED);
    CHECK_INT(seqno_parse(STR("4954346307654800757710509270303956035997522851839501926x"), &seqno, &version),
              ERR_MALFORMED);
    CHECK_INT(seqno_parse(STR("49543463076548007577105092703039560359975228518395019267"), &seqno, &version),
              ERR_MALFORMED);
    CHECK_INT(seqno_parse(STR("99999999999999999999999999999999999999999999999999999999999999"), &seqno, &version),
              ERR_MALFORMED);
}

TEST("shard ids are written one way and read leniently")
{
    char text[SHARD_ID_MAX];
    uint32_t index = 9;

    CHECK_STR(shard_id_format(17, text), "shardId-000000000017");
    CHECK(shard_id_parse(STR("shardId-5"), &index) == OK && index == 5);
    CHECK(shard_id_parse(STR("foo-0"), &index) == OK && index == 0);
    CHECK(shard_id_parse(STR("2147483647"), &index) == OK && index == 2147483647);
    CHECK(shard_id_parse(STR("shardId-2147483648"), &index) != OK);
    CHECK(shard_id_parse(STR("shardId-"), &index) != OK);
    CHECK(shard_id_parse(STR("shardId--1"), &index) != OK);
    CHECK(shard_id_parse(STR("ham"), &index) != OK);
}

UNIT_MAIN
