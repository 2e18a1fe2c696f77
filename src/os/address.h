/* address.h: the text of a socket's address, "127.0.0.1:4567", "[::1]:0" or "unix:/path". */
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include "base/str.h"

struct address {
    struct sockaddr_storage socket; /* AF_INET, AF_INET6 or AF_UNIX */
    socklen_t size;
};

/* "unix:" and a path of at most 107 bytes, plus the zero byte. */
enum { ADDRESS_TEXT_MAX = 128 };

/* Numbers only, no names. MALFORMED if it cannot be read. */
must_use enum err address_parse(str text, struct address *ret_address);

/* What address_parse reads; zero-terminated. Returns the length. */
size_t address_format(const struct address *address, char ret_text[static ADDRESS_TEXT_MAX]);

/* The host alone, an IPv4 address in IPv6 clothes as plain IPv4; "unix" for a unix socket. */
size_t address_format_host(const struct address *address, char ret_text[static ADDRESS_TEXT_MAX]);

/* Port number; 0 for a unix socket. */
uint16_t address_port(const struct address *address);
void address_set_port(struct address *address, uint16_t port);
