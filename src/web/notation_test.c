/* web/notation_test.c: each shape of the notation, as the schema that it stands for. */
#include "web/notation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* cmocka wants these first */
#include <cmocka.h>

static void expect(const char *notation, const char *schema)
{
    OWNED(arena) Arena *arena = arena_new();
    Buf                 buf = buf_new(arena, SIZE_MAX);
    json_write(&buf, notation_schema(arena, str_from(notation)));
    assert_string_equal(str_dup_z(arena, buf_str(&buf)), schema);
}

static void words_are_types_of_json(void **state)
{
    (void)state;
    expect("text", "{\"type\":\"string\"}");
    expect("int", "{\"type\":\"integer\"}");
    expect("date", "{\"type\":\"string\",\"format\":\"date\"}");
    expect("any", "{}");
    expect("\"csv\"", "{\"const\":\"csv\"}");
    expect("@record", "{\"$ref\":\"#/components/schemas/record\"}");
}

static void an_object_is_closed_unless_it_says_so(void **state)
{
    (void)state;
    expect("{a:int,b?:text}",
           "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\"},\"b\":{\"type\":\"string\"}},"
           "\"required\":[\"a\"],\"additionalProperties\":false}");
    expect("{a?:bool,...}", "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"boolean\"}}}");
    expect("{...}", "{\"type\":\"object\",\"properties\":{}}");
}

static void arrays_and_alternatives_nest(void **state)
{
    (void)state;
    expect("[int|null]", "{\"type\":\"array\",\"items\":{\"anyOf\":[{\"type\":\"integer\"},{\"type\":\"null\"}]}}");
    expect("[{...}]|null", "{\"anyOf\":[{\"type\":\"array\",\"items\":{\"type\":\"object\","
                           "\"properties\":{}}},{\"type\":\"null\"}]}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_types_of_json),
        cmocka_unit_test(an_object_is_closed_unless_it_says_so),
        cmocka_unit_test(arrays_and_alternatives_nest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
