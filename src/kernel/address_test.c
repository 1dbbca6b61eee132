/* kernel/address_test.c: the first and last address of every special range, and their neighbours outside. */
#include "kernel/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
/* cmocka wants these first */
#include <cmocka.h>

#define NEVER   ADDRESS_NEVER
#define PRIVATE ADDRESS_PRIVATE
#define PUBLIC  ADDRESS_PUBLIC

static const struct {
    const char  *address;
    AddressReach reach;
} cases[] = {
    /* https://www.iana.org/assignments/iana-ipv4-special-registry */
    { "0.0.0.0", NEVER },
    { "0.255.255.255", NEVER },
    { "1.0.0.0", PUBLIC },
    { "9.255.255.255", PUBLIC },
    { "10.0.0.0", PRIVATE },
    { "10.255.255.255", PRIVATE },
    { "11.0.0.0", PUBLIC },
    { "100.63.255.255", PUBLIC },
    { "100.64.0.0", PRIVATE },
    { "100.100.100.199", PRIVATE },
    { "100.100.100.200", NEVER },
    { "100.127.255.255", PRIVATE },
    { "100.128.0.0", PUBLIC },
    { "126.255.255.255", PUBLIC },
    { "127.0.0.1", PRIVATE },
    { "127.255.255.255", PRIVATE },
    { "128.0.0.0", PUBLIC },
    { "168.63.129.15", PUBLIC },
    { "168.63.129.16", NEVER },
    { "169.253.255.255", PUBLIC },
    { "169.254.0.0", NEVER },
    { "169.254.169.254", NEVER },
    { "169.254.255.255", NEVER },
    { "169.255.0.0", PUBLIC },
    { "172.15.255.255", PUBLIC },
    { "172.16.0.0", PRIVATE },
    { "172.31.255.255", PRIVATE },
    { "172.32.0.0", PUBLIC },
    { "191.255.255.255", PUBLIC },
    { "192.0.0.0", NEVER },
    { "192.0.0.170", NEVER },
    { "192.0.0.255", NEVER },
    { "192.0.1.0", PUBLIC },
    { "192.0.2.0", NEVER },
    { "192.0.2.255", NEVER },
    { "192.0.3.0", PUBLIC },
    { "192.31.196.1", PUBLIC },
    { "192.52.193.1", PUBLIC },
    { "192.88.98.255", PUBLIC },
    { "192.88.99.0", NEVER },
    { "192.88.99.255", NEVER },
    { "192.88.100.0", PUBLIC },
    { "192.167.255.255", PUBLIC },
    { "192.168.0.0", PRIVATE },
    { "192.168.255.255", PRIVATE },
    { "192.169.0.0", PUBLIC },
    { "192.175.48.1", PUBLIC },
    { "198.17.255.255", PUBLIC },
    { "198.18.0.0", NEVER },
    { "198.19.255.255", NEVER },
    { "198.20.0.0", PUBLIC },
    { "198.51.99.255", PUBLIC },
    { "198.51.100.0", NEVER },
    { "198.51.100.255", NEVER },
    { "198.51.101.0", PUBLIC },
    { "203.0.112.255", PUBLIC },
    { "203.0.113.0", NEVER },
    { "203.0.113.255", NEVER },
    { "203.0.114.0", PUBLIC },
    { "223.255.255.255", PUBLIC },
    { "224.0.0.0", NEVER },
    { "239.255.255.255", NEVER },
    { "240.0.0.0", NEVER },
    { "255.255.255.255", NEVER },
    /* https://www.iana.org/assignments/iana-ipv6-special-registry */
    { "::", NEVER },
    { "::1", PRIVATE },
    { "::2", NEVER },
    { "::127.0.0.1", NEVER },
    { "::ffff:127.0.0.1", PRIVATE },
    { "::ffff:10.1.2.3", PRIVATE },
    { "::ffff:169.254.169.254", NEVER },
    { "::ffff:8.8.8.8", PUBLIC },
    { "::fffe:8.8.8.8", NEVER },
    { "64:ff9b::10.0.0.1", PRIVATE },
    { "64:ff9b::169.254.169.254", NEVER },
    { "64:ff9b::8.8.8.8", PUBLIC },
    { "64:ff9b:1::8.8.8.8", NEVER },
    { "100::", NEVER },
    { "100:0:0:1::", NEVER },
    { "1fff:ffff::", NEVER },
    { "2000::", PUBLIC },
    { "2001::", NEVER },
    { "2001:0:ffff::", NEVER },
    { "2001:1::1", NEVER },
    { "2001:2::", NEVER },
    { "2001:20::", NEVER },
    { "2001:30::", NEVER },
    { "2001:1ff:ffff::", NEVER },
    { "2001:200::", PUBLIC },
    { "2001:db7:ffff::", PUBLIC },
    { "2001:db8::", NEVER },
    { "2001:db8:ffff::", NEVER },
    { "2001:db9::", PUBLIC },
    { "2002:7f00:1::", NEVER },
    { "2002:808:808::", NEVER },
    { "2003::", PUBLIC },
    { "2400:3200::1", PUBLIC },
    { "3ffe:ffff::", PUBLIC },
    { "3fff::", NEVER },
    { "3fff:fff:ffff::", NEVER },
    { "3fff:1000::", PUBLIC },
    { "4000::", NEVER },
    { "5f00::", NEVER },
    { "fbff:ffff::", NEVER },
    { "fc00::", PRIVATE },
    { "fd00:ec2::253", PRIVATE },
    { "fd00:ec2::254", NEVER },
    { "fdff:ffff::", PRIVATE },
    { "fe00::", NEVER },
    { "fe80::1", NEVER },
    { "febf:ffff::", NEVER },
    { "fec0::1", NEVER },
    { "ff02::1", NEVER },
};

static AddressReach of_socket(const char *text)
{
    struct sockaddr_in  v4 = { .sin_family = AF_INET };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        return address_reach((const struct sockaddr *)&v4);
    assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
    return address_reach((const struct sockaddr *)&v6);
}

static void every_special_range_ends_where_the_registries_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        AddressReach reach = ADDRESS_NEVER;
        if (!address_literal(str_from(cases[i].address), &reach) || reach != cases[i].reach ||
            of_socket(cases[i].address) != cases[i].reach)
            fail_msg("%s is %d, not %d", cases[i].address, (int)reach, (int)cases[i].reach);
    }
}

static void a_name_is_no_address(void **state)
{
    (void)state;
    static const char *const names[] = { "",
                                         "localhost",
                                         "example.com",
                                         "1.2.3",
                                         "127.1",
                                         "0x7f.0.0.1",
                                         "[::1]",
                                         "fe80::1%eth0",
                                         "1.2.3.4 ",
                                         "a-name-that-is-longer-than-any-address-could-be-written-down.example.com" };
    AddressReach             reach;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_false(address_literal(str_from(names[i]), &reach));
}

static void other_families_are_never_reached(void **state)
{
    (void)state;
    struct sockaddr local = { .sa_family = AF_UNIX };
    assert_int_equal(address_reach(&local), ADDRESS_NEVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_special_range_ends_where_the_registries_say),
        cmocka_unit_test(a_name_is_no_address),
        cmocka_unit_test(other_families_are_never_reached),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
