/* web/notation.h: shapes of JSON in a line, as JSON Schema 2020-12 has them: what the table of endpoints and the
 * OpenAPI document say of requests and answers.
 *
 *     text  int  bool  null  date  time  uuid  any  "word"
 *     {name:shape,other?:shape}    an object; what is not named is not there, unless it ends in ",..."
 *     [shape]                      an array
 *     shape|shape                  one of them
 *     @name                        the schema of that name in the document's components */
#ifndef FM_WEB_NOTATION_H
#define FM_WEB_NOTATION_H

#include "base/json.h"

/* The program's own text, in which there are no spaces: what does not fit the grammar is a fault of the program. */
Json *notation_schema(Arena *arena, Str text);

#endif
