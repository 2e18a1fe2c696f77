#include "base/u128.h"

#include "base/bytes.h"

size_t u128_format(u128 number, char ret_digits[static U128_DIGITS_MAX])
{
    char reversed[U128_DIGITS_MAX];
    size_t count = 0;

    do {
        reversed[count++] = (char)('0' + (int)(number % 10));
        number /= 10;
    } while (number);
    for (size_t i = 0; i < count; i++)
        ret_digits[i] = reversed[count - 1 - i];
    return count;
}

enum err u128_parse(str digits, u128 *ret_number)
{
    u128 number = 0;

    if (digits.size == 0)
        return ERR_MALFORMED;
    for (size_t i = 0; i < digits.size; i++) {
        unsigned digit = (unsigned)(digits.at[i] - '0');

        if (digit > 9)
            return ERR_MALFORMED;
        if (number > U128_MAX / 10 || (number == U128_MAX / 10 && digit > (unsigned)(U128_MAX % 10)))
            return ERR_TOO_LARGE;
        number = number * 10 + digit;
    }
    *ret_number = number;
    return OK;
}

u128 u128_load_be(const uint8_t bytes[static 16])
{
    return (u128)load_be64(bytes) << 64 | load_be64(bytes + 8);
}
