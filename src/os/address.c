/* address.c: reading and writing socket addresses. */
#include "os/address.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <stdio.h>

static enum err parse_unix(str path, struct address *ret_address)
{
    struct sockaddr_un *to = (struct sockaddr_un *)&ret_address->socket;

    if (path.size == 0 || path.size >= sizeof(to->sun_path) || memchr(path.at, '\0', path.size))
        return ERR_MALFORMED;
    memset(ret_address, 0, sizeof(*ret_address));
    to->sun_family = AF_UNIX;
    memcpy(to->sun_path, path.at, path.size);
    ret_address->size = sizeof(*to);
    return OK;
}

static enum err parse_port(str digits, uint16_t *ret_port)
{
    uint64_t port;

    if (digits.size == 0 || str_u64(digits, &port) != OK || port > UINT16_MAX)
        return ERR_MALFORMED;
    *ret_port = (uint16_t)port;
    return OK;
}

/* Cut "host:port" or "[host]:port"; the host is copied with a zero byte. */
static enum err split(str text, char *ret_host, size_t host_max, uint16_t *ret_port, bool *ret_six)
{
    size_t colon = text.size;
    str host;

    while (colon && text.at[colon - 1] != ':')
        colon--;
    if (colon < 2)
        return ERR_MALFORMED;
    host = str_slice(text, 0, colon - 1);
    *ret_six = host.at[0] == '[';
    if (*ret_six) {
        if (host.size < 3 || host.at[host.size - 1] != ']')
            return ERR_MALFORMED;
        host = str_slice(host, 1, host.size - 1);
    }
    if (host.size >= host_max || memchr(host.at, '\0', host.size))
        return ERR_MALFORMED;
    memcpy(ret_host, host.at, host.size);
    ret_host[host.size] = '\0';
    return parse_port(str_slice(text, colon, text.size), ret_port);
}

enum err address_parse(str text, struct address *ret_address)
{
    struct address address = { .size = sizeof(struct sockaddr_in) };
    struct sockaddr_in *four = (struct sockaddr_in *)&address.socket;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)&address.socket;
    char host[INET6_ADDRSTRLEN];
    uint16_t port;
    bool is_six;

    if (str_starts(text, STR("unix:")))
        return parse_unix(str_slice(text, 5, text.size), ret_address);
    TRY(split(text, host, sizeof(host), &port, &is_six));
    if (is_six) {
        address.size = sizeof(*six);
        six->sin6_family = AF_INET6;
        six->sin6_port = htons(port);
        if (inet_pton(AF_INET6, host, &six->sin6_addr) != 1)
            return ERR_MALFORMED;
    } else {
        four->sin_family = AF_INET;
        four->sin_port = htons(port);
        if (inet_pton(AF_INET, host, &four->sin_addr) != 1)
            return ERR_MALFORMED;
    }
    *ret_address = address;
    return OK;
}

static const struct sockaddr_in *four_of(const struct address *address)
{
    return (const struct sockaddr_in *)&address->socket;
}

static const struct sockaddr_in6 *six_of(const struct address *address)
{
    return (const struct sockaddr_in6 *)&address->socket;
}

size_t address_format_host(const struct address *address, char ret_text[static ADDRESS_TEXT_MAX])
{
    const char *text = NULL;

    if (address->socket.ss_family == AF_INET)
        text = inet_ntop(AF_INET, &four_of(address)->sin_addr, ret_text, ADDRESS_TEXT_MAX);
    else if (address->socket.ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&six_of(address)->sin6_addr))
        text = inet_ntop(AF_INET, &six_of(address)->sin6_addr.s6_addr[12], ret_text, ADDRESS_TEXT_MAX);
    else if (address->socket.ss_family == AF_INET6)
        text = inet_ntop(AF_INET6, &six_of(address)->sin6_addr, ret_text, ADDRESS_TEXT_MAX);
    if (text == NULL)
        memcpy(ret_text, "unix", 5);
    return strlen(ret_text);
}

uint16_t address_port(const struct address *address)
{
    if (address->socket.ss_family == AF_INET)
        return ntohs(four_of(address)->sin_port);
    if (address->socket.ss_family == AF_INET6)
        return ntohs(six_of(address)->sin6_port);
    return 0;
}

void address_set_port(struct address *address, uint16_t port)
{
    assert(address->socket.ss_family != AF_UNIX);
    if (address->socket.ss_family == AF_INET)
        ((struct sockaddr_in *)&address->socket)->sin_port = htons(port);
    else
        ((struct sockaddr_in6 *)&address->socket)->sin6_port = htons(port);
}

size_t address_format(const struct address *address, char ret_text[static ADDRESS_TEXT_MAX])
{
    char host[INET6_ADDRSTRLEN] = "";
    int size;

    if (address->socket.ss_family == AF_UNIX) {
        size =
            snprintf(ret_text, ADDRESS_TEXT_MAX, "unix:%s", ((const struct sockaddr_un *)&address->socket)->sun_path);
    } else if (address->socket.ss_family == AF_INET6) {
        (void)inet_ntop(AF_INET6, &six_of(address)->sin6_addr, host, sizeof(host));
        size = snprintf(ret_text, ADDRESS_TEXT_MAX, "[%s]:%u", host, address_port(address));
    } else {
        (void)inet_ntop(AF_INET, &four_of(address)->sin_addr, host, sizeof(host));
        size = snprintf(ret_text, ADDRESS_TEXT_MAX, "%s:%u", host, address_port(address));
    }
    assert(size > 0 && size < ADDRESS_TEXT_MAX);
    return (size_t)size;
}
