/* heap.c: the pairing heap of timers.
 *
 * `child` is the first child, `sibling` the next child of the same parent; `prev` is the parent for a first child,
 * else the sibling before, and NULL for the root alone.
 *
 * Invariants
 *   (1) No timer is due before its parent.
 *   (2) A timer that is in no heap has NULL links. */
#include "os/heap.h"

#include <assert.h>

/* Two roots become one: the later is made the first child of the sooner. */
static struct os_timer *meld(struct os_timer *a, struct os_timer *b)
{
    if (b->at_us < a->at_us) {
        struct os_timer *swap = a;
        a = b;
        b = swap;
    }
    b->sibling = a->child;
    if (a->child)
        a->child->prev = b;
    b->prev = a;
    a->child = b;
    a->sibling = NULL;
    a->prev = NULL;
    return a;
}

/* One heap of a list of siblings: meld them in pairs from the left, then the pairs from the right. */
static struct os_timer *merge_pairs(struct os_timer *first)
{
    struct os_timer *pairs = NULL, *root = NULL;

    while (first) {
        struct os_timer *a = first, *b = first->sibling;

        first = b ? b->sibling : NULL;
        a->sibling = a->prev = NULL;
        if (b) {
            b->sibling = b->prev = NULL;
            a = meld(a, b);
        }
        a->sibling = pairs;
        pairs = a;
    }
    while (pairs) {
        struct os_timer *next = pairs->sibling;

        pairs->sibling = NULL;
        root = root ? meld(root, pairs) : pairs;
        pairs = next;
    }
    return root;
}

struct os_timer *heap_add(struct os_timer *root, struct os_timer *timer)
{
    timer->child = timer->sibling = timer->prev = NULL;
    return root ? meld(root, timer) : timer;
}

struct os_timer *heap_remove(struct os_timer *root, struct os_timer *timer)
{
    struct os_timer *rest;

    assert(root != NULL);
    assert((timer == root) == (timer->prev == NULL));
    rest = merge_pairs(timer->child);
    if (timer == root) {
        root = rest;
    } else {
        if (timer->prev->child == timer)
            timer->prev->child = timer->sibling;
        else
            timer->prev->sibling = timer->sibling;
        if (timer->sibling)
            timer->sibling->prev = timer->prev;
        if (rest)
            root = meld(root, rest);
    }
    timer->child = timer->sibling = timer->prev = NULL;
    return root;
}
