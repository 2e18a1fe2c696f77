/* Tests of the settings: what each source means, which one wins, and what is refused in which words. */
#include "settings.c"
#include "settings_help.c"
#include "settings_value.c"

#include "unit.h"

static struct arena arena;
static str sentence;

static enum err read_all(struct settings *settings, const char *const *args, const char *const *env, const char *file)
{
    static const char *const home[] = { "HOME=/home/u", NULL };
    struct settings_sources sources = {
        .args = args,
        .env = env ? env : home,
        .file = "leat.conf",
        .file_text = str_of(file),
        .root = false,
    };

    arena_deinit(&arena);
    arena_init(&arena, 4 << 20);
    sentence = (str){ 0 };
    return settings_read(&sources, &arena, settings, &sentence);
}

#define ARGS(...)                                                                                                      \
    (const char *const[])                                                                                              \
    {                                                                                                                  \
        __VA_ARGS__, NULL                                                                                              \
    }

TEST("without any source everything has its default")
{
    struct settings s;

    CHECK_INT(read_all(&s, NULL, NULL, NULL), OK);
    CHECK_INT(s.listen.count, 1);
    CHECK_STR(str_of(s.listen.items[0]), "127.0.0.1:4567");
    CHECK_STR(str_of(s.data), "/home/u/.local/share/leat");
    CHECK_STR(str_of(s.account), "000000000000");
    CHECK_INT(s.durability, DURABILITY_SYNC);
    CHECK_INT(s.limits, RULES_AWS);
    CHECK_INT(s.transition_ms, 100);
    CHECK_INT(s.bucket_ms, 3600000);
    CHECK_INT(s.tail_bytes, 64 << 20);
    CHECK_INT(s.connections_max, 20000);
    CHECK_INT(s.stream.count, 0);
    CHECK(!s.allow_open && !s.credentials && !s.kms_create_missing);
    CHECK_INT(s.metrics, SWITCH_ON);
}

TEST("a flag beats a variable, a variable beats the file, the file beats the default")
{
    struct settings s;

    CHECK_INT(read_all(&s, NULL, NULL, "region = eu-west-1\n"), OK);
    CHECK_STR(str_of(s.region), "eu-west-1");
    CHECK_INT(read_all(&s, NULL, ARGS("HOME=/h", "LEAT_REGION=eu-west-2"), "region = eu-west-1\n"), OK);
    CHECK_STR(str_of(s.region), "eu-west-2");
    CHECK_INT(read_all(&s, ARGS("--region=eu-west-3"), ARGS("HOME=/h", "LEAT_REGION=eu-west-2"), "region = x\n"), OK);
    CHECK_STR(str_of(s.region), "eu-west-3");
    CHECK_INT(read_all(&s, ARGS("--region", "a", "--region", "b"), NULL, NULL), OK);
    CHECK_STR(str_of(s.region), "b");
    CHECK_INT(read_all(&s, NULL, ARGS("HOME=/h", "LEAT_REGION="), "region = x\n"), OK);
    CHECK_STR(str_of(s.region), "x");
}

TEST("a list is taken whole from the strongest source that names it")
{
    struct settings s;
    uint32_t shards;

    CHECK_INT(read_all(&s, NULL, NULL, "stream = a:4\nstream = b\n"), OK);
    CHECK_INT(s.stream.count, 2);
    CHECK_STR(settings_stream(s.stream.items[0], &shards), "a");
    CHECK_INT(shards, 4);
    CHECK_STR(settings_stream(s.stream.items[1], &shards), "b");
    CHECK_INT(shards, 1);
    CHECK_INT(read_all(&s, NULL, ARGS("HOME=/h", "LEAT_STREAMS=c:2, d"), "stream = a:4\n"), OK);
    CHECK_INT(s.stream.count, 2);
    CHECK_STR(str_of(s.stream.items[1]), "d");
    CHECK_INT(read_all(&s, ARGS("--stream", "e", "--stream=f:3", "--listen=[::1]:0", "--listen=unix:/run/l"),
                       ARGS("HOME=/h", "LEAT_STREAMS=c,d"), NULL),
              OK);
    CHECK_INT(s.stream.count, 2);
    CHECK_STR(str_of(s.stream.items[0]), "e");
    CHECK_INT(s.listen.count, 2);
    CHECK_STR(str_of(s.listen.items[0]), "[::1]:0");
}

TEST("the file: comments, blanks, CRLF and spaces around the value")
{
    struct settings s;

    CHECK_INT(read_all(&s, NULL, NULL, "# hello\r\n\r\n  durability =  os \r\n\ttail-bytes=16MiB\nallow-open = yes"),
              OK);
    CHECK_INT(s.durability, DURABILITY_OS);
    CHECK_INT(s.tail_bytes, 16 << 20);
    CHECK(s.allow_open);
}

TEST("units of bytes and of time")
{
    uint64_t bytes;
    int64_t time;

    CHECK(settings_bytes(STR("1GiB"), &bytes) == OK && bytes == 1u << 30);
    CHECK(settings_bytes(STR("512"), &bytes) == OK && bytes == 512);
    CHECK(settings_bytes(STR("1kib"), &bytes) == OK && bytes == 1024);
    CHECK_INT(settings_bytes(STR("1GB"), &bytes), ERR_MALFORMED);
    CHECK_INT(settings_bytes(STR("MiB"), &bytes), ERR_MALFORMED);
    CHECK_INT(settings_bytes(STR("-1"), &bytes), ERR_MALFORMED);
    CHECK_INT(settings_bytes(STR("99999999TiB"), &bytes), ERR_TOO_LARGE);
    CHECK(settings_time(STR("250"), &time) == OK && time == 250);
    CHECK(settings_time(STR("2h"), &time) == OK && time == 7200000);
    CHECK_INT(settings_time(STR("2 h"), &time), ERR_MALFORMED);
}

TEST("a wrong value is refused with setting, place, value and range")
{
    struct settings s;

    CHECK_INT(read_all(&s, ARGS("--tail-bytes", "12x"), NULL, NULL), ERR_INVALID_ARGUMENT);
    CHECK_STR(sentence, "tail-bytes (on the command line) is \"12x\", which is not allowed; "
                        "allowed: bytes from 1MiB to 1TiB, as in 64MiB");
    CHECK_INT(read_all(&s, NULL, ARGS("LEAT_CONNECTIONS_MAX=0"), NULL), ERR_INVALID_ARGUMENT);
    CHECK_STR(sentence, "connections-max (LEAT_CONNECTIONS_MAX) is \"0\", which is not allowed; "
                        "allowed: a whole number from 1 to 1000000");
    CHECK_INT(read_all(&s, NULL, NULL, "\ndurability = maybe"), ERR_INVALID_ARGUMENT);
    CHECK_STR(sentence, "durability (line 2 of leat.conf) is \"maybe\", which is not allowed; "
                        "allowed: one of sync|os|memory");
    CHECK_INT(read_all(&s, ARGS("--account=12"), NULL, NULL), ERR_INVALID_ARGUMENT);
    CHECK_STR(sentence, "account (on the command line) is \"12\", which is not allowed; allowed: 12 digits");
    CHECK_INT(read_all(&s, ARGS("--transition=2h"), NULL, NULL), ERR_INVALID_ARGUMENT);
    CHECK_STR(sentence, "transition (on the command line) is \"2h\", which is not allowed; "
                        "allowed: a time from 0 to 1h, as in 100ms");
    CHECK_INT(read_all(&s, ARGS("--stream", "a:0"), NULL, NULL), ERR_INVALID_ARGUMENT);
    CHECK_INT(read_all(&s, ARGS("--stream", "a b"), NULL, NULL), ERR_INVALID_ARGUMENT);
    CHECK_INT(read_all(&s, ARGS("--allow-open=perhaps"), NULL, NULL), ERR_INVALID_ARGUMENT);
}

TEST("addresses: what can be read and what cannot")
{
    static const char *const good[] = { "127.0.0.1:0", "[::1]:4567", "0.0.0.0:65535", "unix:/run/leat.sock", "[::]:1" };
    static const char *const bad[] = { "",      "4567",  "localhost:1", "1.2.3.4",       "1.2.3.4:", "1.2.3.4:65536",
                                       "::1:5", "[::1]", "[::1]4567",   "[127.0.0.1]:1", "unix:",    "[:1" };

    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
        unit_check(settings_is_address(str_of(good[i])), __FILE__, __LINE__, good[i]);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        unit_check(!settings_is_address(str_of(bad[i])), __FILE__, __LINE__, bad[i]);
    CHECK(settings_is_loopback(STR("127.9.9.9:1")) && settings_is_loopback(STR("[::1]:1")));
    CHECK(!settings_is_loopback(STR("0.0.0.0:1")) && !settings_is_loopback(STR("[::]:1")));
}

TEST("unknown settings are refused, near ones with a suggestion")
{
    struct settings s;

    CHECK_INT(read_all(&s, ARGS("--durabilty", "os"), NULL, NULL), ERR_INVALID_ARGUMENT);
    CHECK_STR(sentence, "durabilty (on the command line) is not a setting; did you mean durability?");
    CHECK_INT(read_all(&s, NULL, NULL, "colour = blue"), ERR_INVALID_ARGUMENT);
    CHECK_STR(sentence, "colour (line 1 of leat.conf) is not a setting; leat serve --help lists them");
    CHECK_INT(read_all(&s, NULL, NULL, "limits off"), ERR_INVALID_ARGUMENT);
    CHECK_STR(sentence, "line 1 of leat.conf: expected NAME = VALUE");
    CHECK_INT(read_all(&s, ARGS("demo"), NULL, NULL), ERR_INVALID_ARGUMENT);
    CHECK_INT(read_all(&s, ARGS("--region"), NULL, NULL), ERR_INVALID_ARGUMENT);
    CHECK_STR(sentence, "--region needs a value");
    CHECK_INT(read_all(&s, ARGS("--tail_bytes=1MiB"), NULL, NULL), ERR_INVALID_ARGUMENT);
}

TEST("settings that contradict each other are refused")
{
    struct settings s;

    CHECK_INT(read_all(&s, ARGS("--tls-cert=c.pem"), NULL, NULL), ERR_INVALID_ARGUMENT);
    CHECK_STR(sentence, "tls-cert is set without tls-key; a certificate and its key come together");
    CHECK_INT(read_all(&s, ARGS("--tls-cert=c", "--tls-key=k", "--tls=off"), NULL, NULL), ERR_INVALID_ARGUMENT);
    CHECK_INT(read_all(&s, ARGS("--segment-bytes=1GiB"), NULL, NULL), ERR_INVALID_ARGUMENT);
    CHECK_INT(read_all(&s, ARGS("--listen=0.0.0.0:4567"), NULL, NULL), ERR_INVALID_ARGUMENT);
    CHECK(str_starts(sentence, STR("listen is \"0.0.0.0:4567\", which is not a loopback address")));
    CHECK_INT(read_all(&s, ARGS("--listen=0.0.0.0:4567", "--allow-open"), NULL, NULL), OK);
    CHECK_INT(read_all(&s, ARGS("--listen=0.0.0.0:4567", "--credentials=c.json"), NULL, NULL), OK);
    CHECK_INT(read_all(&s, NULL, ARGS("PATH=/bin"), NULL), ERR_INVALID_ARGUMENT);
    CHECK_INT(read_all(&s, ARGS("--data=d"), ARGS("PATH=/bin"), NULL), OK);
}

TEST("the configuration file is named by flag or variable")
{
    CHECK(settings_file(NULL, NULL) == NULL);
    CHECK_STR(str_of(settings_file(NULL, ARGS("LEAT_CONFIG=e"))), "e");
    CHECK_STR(str_of(settings_file(ARGS("--tls", "off", "--config", "f"), ARGS("LEAT_CONFIG=e"))), "f");
    CHECK_STR(str_of(settings_file(ARGS("--config=g"), NULL)), "g");
}

TEST("every row has a manual, and the example file without its marks reads back as the defaults")
{
    struct settings from_file, plain;
    struct buf example, file;
    size_t count;
    const struct setting *row = settings_rows(&count);

    buf_init(&example, 1 << 16);
    buf_init(&file, 1 << 16);
    settings_example(&example);
    buf_byte(&example, 0);
    CHECK_INT(example.err, OK);
    for (size_t i = 0; i < count; i++) {
        char name[SETTING_NAME_MAX], line[256];

        CHECK(row[i].manual && strlen(row[i].manual) > (row[i].type == SETTING_GROUP ? 3u : 15u));
        if (row[i].type == SETTING_GROUP || !row[i].fallback)
            continue;
        setting_name(&row[i], name);
        snprintf(line, sizeof(line), "\n#%s = %s\n", name, row[i].fallback);
        unit_check(strstr(example.at, line) != NULL, __FILE__, __LINE__, name);
        buf_append(&file, str_of(line + 2));
    }
    buf_byte(&file, 0);
    CHECK_INT(read_all(&plain, NULL, NULL, NULL), OK);
    CHECK_INT(read_all(&from_file, NULL, NULL, file.at), OK);
    CHECK_INT(from_file.shutdown_grace_ms, plain.shutdown_grace_ms);
    CHECK_INT(from_file.fanout_bytes, plain.fanout_bytes);
    CHECK_INT(from_file.access_log, plain.access_log);
    buf_deinit(&example);
    buf_deinit(&file);
}

TEST("help and manual name every setting")
{
    struct buf help, manual;
    size_t count;
    const struct setting *row = settings_rows(&count);

    buf_init(&help, 1 << 16);
    buf_init(&manual, 1 << 16);
    settings_help(&help);
    settings_manual(&manual);
    buf_byte(&help, 0);
    buf_byte(&manual, 0);
    CHECK(help.err == OK && manual.err == OK);
    for (size_t i = 0; i < count; i++) {
        char variable[SETTING_NAME_MAX];

        if (row[i].type == SETTING_GROUP)
            continue;
        setting_variable(&row[i], variable);
        unit_check(strstr(help.at, variable) != NULL && strstr(manual.at, variable) != NULL, __FILE__, __LINE__,
                   variable);
    }
    for (str rest = str_of(help.at); str_present(rest);)
        CHECK(str_cut(&rest, '\n').size <= 130);
    buf_deinit(&help);
    buf_deinit(&manual);
    arena_deinit(&arena);
}

UNIT_MAIN
