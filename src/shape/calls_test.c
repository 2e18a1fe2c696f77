/* calls_test.c: the thunks hand a request to the right handler. */
#include "test_model.h"
#include "unit.h"

enum err test_touch(struct rq *rq, const struct test_touch_input *in, struct test_touch_output *out)
{
    out->things.present = true;
    return in->count.value == 3 ? ERR_THROTTLED : OK;
}

enum err test_forget(struct rq *rq, const struct test_forget_input *in, struct test_forget_output *out)
{
    return ERR_NOT_FOUND;
}

TEST("a call goes to the handler of its operation")
{
    const struct operation *touch = service_operation(&test_service, STR("Touch"));
    const struct operation *forget = service_operation(&test_service, STR("Forget"));
    struct test_touch_input in = { .count = int_of(3) };
    struct test_touch_output out = { 0 };

    CHECK_INT(test_calls[touch->index](NULL, &in, &out), ERR_THROTTLED);
    CHECK(out.things.present);
    CHECK_INT(test_calls[forget->index](NULL, NULL, NULL), ERR_NOT_FOUND);
}

UNIT_MAIN
