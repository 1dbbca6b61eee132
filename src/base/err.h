/* base/err.h: one error type, carried by value.
 *
 * A kind decides what happens (HTTP status, exit status), a code names the text in each language, the context tells an
 * operator where. Codes are rows of the one table in base/err_codes.h, so an unlisted code does not compile. Errors are
 * for the world (input, disk, network); a mistake of ours is an assert.
 *
 * What a person must mend (fields, clauses) travels beside the Err as a list of Problem, filled by the function that
 * takes a Problems *; the Err then says how the whole ended. */
#ifndef FM_BASE_ERR_H
#define FM_BASE_ERR_H

#include "base/arena.h"
#include "base/lang.h"

#include <assert.h>

typedef enum ErrKind {
    ERR_NONE,
    ERR_MALFORMED,    /* 400, 65: not what the protocol or format allows */
    ERR_UNSIGNED,     /* 401, 77: not signed in */
    ERR_DENIED,       /* 403, 77: seen, but not one's role */
    ERR_UNSEEN,       /* 404, 66: unknown, or not to be seen: alike */
    ERR_METHOD,       /* 405, 65 */
    ERR_REFUSED,      /* 409, 65: by state or guard; carries clauses */
    ERR_STALE,        /* 412, 75: somebody was faster */
    ERR_TOO_LARGE,    /* 413, 65 */
    ERR_MEDIA,        /* 415, 65: media type */
    ERR_INVALID,      /* 422, 65: understood, and wrong; carries fields */
    ERR_PRECONDITION, /* 428, 64: If-Match is missing */
    ERR_RATE,         /* 429, 75 */
    ERR_HEADERS,      /* 431, 65 */
    ERR_INTERNAL,     /* 500, 70: our fault */
    ERR_UNSUPPORTED,  /* 501, 65: HTTP feature that is not offered */
    ERR_BUSY,         /* 503, 75: overload, disk full, shutting down, port taken */
    ERR_VERSION,      /* 505, 65 */
    ERR_USAGE,        /* 400, 64: command line only */
    ERR_KIND_COUNT
} ErrKind;

#include "base/err_codes.h"

typedef enum ErrCode {
#define ERR_CODE_ENUM(symbol, code, kind, title_zh, title_en, detail_zh, detail_en) ECODE_##symbol,
    ERR_CODES(ERR_CODE_ENUM)
#undef ERR_CODE_ENUM
        ERR_CODE_COUNT
} ErrCode;

typedef struct Err {
    ErrKind kind; /* ERR_NONE is success: test `if (err.kind)` */
    ErrCode code;
    char    context[160]; /* for the log, outermost first: "loading pack fi: line 12"; never shown to a user */
} Err;

#define ERR_OK     ((Err){ .kind = ERR_NONE })
#define MUST_CHECK __attribute__((warn_unused_result))
#define TRY(call)                                                                                                      \
    do {                                                                                                               \
        Err err_ = (call);                                                                                             \
        if (err_.kind)                                                                                                 \
            return err_;                                                                                               \
    } while (0)

/* err_make(ECODE_JSON_SYNTAX, "at byte %zu", at); the format may be "" */
Err err_make(ErrCode code, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Puts "context: " in front of what err already says. */
Err err_within(Err err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Compilers and analyzers see one source at a time; this tells them that a made error is never success, so that they
 * know what is set after TRY. */
static inline Err err_made(Err err)
{
    assert(err.kind != ERR_NONE);
    return err;
}
#define err_make(...)   err_made(err_make(__VA_ARGS__))
#define err_within(...) err_made(err_within(__VA_ARGS__))

typedef struct ErrRow {
    Str     code; /* "json.syntax": stable, the last part of a problem's type */
    ErrKind kind;
    Text    title;  /* a few words, no values */
    Text    detail; /* what is wrong and what to write instead; "{name}" stands for an argument */
} ErrRow;

const ErrRow *err_row(ErrCode code);
int           err_http(ErrKind kind);
/* 0 done, 64 usage, 65 bad input or refused, 66 not found, 70 our fault, 75 try again, 77 not allowed. */
int err_exit(ErrKind kind);

/* ---- what a person must mend ---- */

typedef struct ErrArg { /* fills "{name}" of a detail text */
    const char *name;
    Text        value;
} ErrArg;

#define ARG(name_, str)       ((ErrArg){ (name_), text_same(str) })
#define ARG_TEXT(name_, text) ((ErrArg){ (name_), (text) })

typedef struct Problem {
    ErrCode       code;
    Str           field; /* name of the field, or empty */
    Str           rule;  /* source text of the clause that failed, or empty */
    Text          text;  /* the detail with its values put in */
    const ErrArg *args;  /* the values by name, for programs: "values" of the JSON */
    size_t        arg_count;
} Problem;

typedef struct Problems {
    Arena   *arena;
    Problem *items;
    size_t   count, capacity;
} Problems;

/* Keeps at most PROBLEMS_MAX; further ones are dropped. field, rule and args are copied. */
#define PROBLEMS_MAX 200
void problem_add(Problems *problems, ErrCode code, Str field, Str rule, const ErrArg *args, size_t arg_count);
#define PROBLEM(problems, code, field, rule, ...)                                                                      \
    problem_add((problems), (code), (field), (rule), (const ErrArg[]){ { 0 }, ##__VA_ARGS__ } + 1,                     \
                sizeof((const ErrArg[]){ { 0 }, ##__VA_ARGS__ }) / sizeof(ErrArg) - 1)
/* Puts args into a text of "{name}" marks; an unknown mark stays as it is. */
Str text_fill(Arena *arena, Str pattern, const ErrArg *args, size_t arg_count, Lang lang);
/* A detail text for no particular case: "…" for each "{name}". */
Str text_without_marks(Arena *arena, Str text);
/* What err says: filled by the problem of the same code that stands for the whole, else by the first of that code,
 * else as far as it goes: {count} is the number of problems. problems may be NULL. */
Str err_detail(Arena *arena, Err err, const Problems *problems, Lang lang);
/* Does the problem stand for the whole of err, not for a part? Then it has err's code and no field or rule. */
bool problem_of_whole(const Problem *problem, Err err);

#endif
