/* map.h: an intrusive hash map from bytes to objects.
 *
 * The node is embedded in the object and the key points into it; the map allocates only its table of buckets. The
 * seed comes from entropy, so that a stranger who chooses keys cannot choose collisions. */
#pragma once

#include "base/str.h"

struct map_node {
    struct map_node *next;
    uint64_t hash;
    str key;
};

struct map {
    struct map_node **buckets;
    size_t bucket_count, count;
    uint64_t seed;
};

void map_init(struct map *map, uint64_t seed);

/* Frees the table, not the objects. */
void map_deinit(struct map *map);

/* The node with that key, or NULL. */
struct map_node *map_find(const struct map *map, str key);

/* Adds `node` under `key`, which must stay valid while the node is in the map. EXISTS if the key is taken;
 * NO_MEMORY only when the first table cannot be had. */
must_use enum err map_add(struct map *map, struct map_node *node, str key);

/* The node must be in the map. */
void map_remove(struct map *map, struct map_node *node);

/* Any order; `node` NULL starts. Nothing may be added during the walk; the node returned last may not be removed
 * before the next call. */
struct map_node *map_next(const struct map *map, const struct map_node *node);

/* A seeded 64-bit hash of bytes. */
uint64_t map_hash(uint64_t seed, str key);
