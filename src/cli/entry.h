/* entry.h: the catalog's entries as lines for people: key and record, decoded by the shape that the key names. */
#pragma once

#include "base/str.h"

/* Prints `  KEY: {...}`; a value that is absent was removed. One that cannot be decoded is printed by its size. */
void entry_print(str key, str value);

/* Prints what the transaction in a batch read and wrote. False: it cannot be read. */
bool entry_print_transaction(str body);
