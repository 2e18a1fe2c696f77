#include "log/local/openings.h"

static void drop(struct openings *openings, unsigned i)
{
    if (openings->at[i].segment)
        os_close(openings->at[i].file);
    openings->at[i].segment = NULL;
}

enum err openings_take(struct openings *openings, const struct segment *segment, struct os_file **ret_file)
{
    unsigned i = segment->head.number % OPENINGS_MAX;
    enum err err;

    if (openings->at[i].segment != segment) {
        drop(openings, i);
        err = segment_open(segment, &openings->at[i].file);
        if (err == ERR_NO_MEMORY) { /* no descriptor, perhaps: ours are not worth more than this one */
            openings_close(openings);
            err = segment_open(segment, &openings->at[i].file);
        }
        TRY(err);
        openings->at[i].segment = segment;
    }
    *ret_file = openings->at[i].file;
    return OK;
}

void openings_close(struct openings *openings)
{
    for (unsigned i = 0; i < OPENINGS_MAX; i++)
        drop(openings, i);
}
