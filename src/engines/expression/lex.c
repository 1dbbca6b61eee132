/* Tokens. Names are ASCII; everything else that is not ASCII stands inside text in quotes. */
#include "engines/expression/expression_internal.h"

#include "base/date.h"
#include "base/utf8.h"

static const struct {
    Str       word;
    TokenKind kind;
} keywords[] = {
    { STR_INIT("or"), TOKEN_OR },
    { STR_INIT("and"), TOKEN_AND },
    { STR_INIT("not"), TOKEN_NOT },
    { STR_INIT("in"), TOKEN_IN },
    { STR_INIT("is"), TOKEN_IS },
    { STR_INIT("missing"), TOKEN_MISSING },
    { STR_INIT("contains"), TOKEN_CONTAINS },
    { STR_INIT("where"), TOKEN_WHERE },
};

static const struct { /* longer signs first */
    Str       sign;
    TokenKind kind;
} signs[] = {
    { STR_INIT("!="), TOKEN_NE },   { STR_INIT("<="), TOKEN_LE },   { STR_INIT(">="), TOKEN_GE },
    { STR_INIT("="), TOKEN_EQ },    { STR_INIT("<"), TOKEN_LT },    { STR_INIT(">"), TOKEN_GT },
    { STR_INIT("+"), TOKEN_PLUS },  { STR_INIT("-"), TOKEN_MINUS }, { STR_INIT("*"), TOKEN_TIMES },
    { STR_INIT("/"), TOKEN_OVER },  { STR_INIT("("), TOKEN_OPEN },  { STR_INIT(")"), TOKEN_CLOSE },
    { STR_INIT(","), TOKEN_COMMA }, { STR_INIT("."), TOKEN_DOT },
};

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

static char peek(const Lexer *lexer, size_t ahead)
{
    return lexer->at + ahead < lexer->text.len ? lexer->text.ptr[lexer->at + ahead] : '\0';
}

static void skip_blanks(Lexer *lexer)
{
    for (char c = peek(lexer, 0); c == ' ' || c == '\t' || c == '\n' || c == '\r'; c = peek(lexer, 0)) {
        lexer->at++;
        lexer->position++;
    }
}

/* Ends the token before byte `to`. */
static Token finish(Lexer *lexer, Token token, TokenKind kind, size_t to)
{
    lexer->position += utf8_length(str_slice(lexer->text, lexer->at, to));
    lexer->at = to;
    token.kind = kind;
    token.to = to;
    return token;
}

static Token refuse(Token token, Text reason)
{
    token.kind = TOKEN_ERROR;
    token.reason = reason;
    return token;
}

static Token lex_number(Lexer *lexer, Token token)
{
    size_t to = lexer->at;
    bool   point = false;
    while (to < lexer->text.len && is_digit(lexer->text.ptr[to]))
        to++;
    if (to + 1 < lexer->text.len && lexer->text.ptr[to] == '.' && is_digit(lexer->text.ptr[to + 1])) {
        point = true;
        for (to++; to < lexer->text.len && is_digit(lexer->text.ptr[to]);)
            to++;
    }
    Str source = str_slice(lexer->text, lexer->at, to);
    if (to < lexer->text.len && is_letter(lexer->text.ptr[to]))
        return refuse(token, TEXT("数字后面不能直接接字母", "a letter cannot follow a number directly"));
    if (source.len > 1 && source.ptr[0] == '0' && is_digit(source.ptr[1]))
        return refuse(token, TEXT("数字不能以 0 开头", "a number cannot start with a zero before other digits"));
    Decimal decimal;
    if (point ? !decimal_parse(source, &decimal) : !str_int(source, &token.value.number))
        return refuse(token, TEXT("数字过大，或小数超过 9 位",
                                  "the number is too large or has more than 9 digits after the point"));
    token.value = point ? value_decimal(decimal) : value_int(token.value.number);
    return finish(lexer, token, TOKEN_LITERAL, to);
}

/* The text in quotes that starts at byte `from`; false when it does not end. */
static bool lex_quoted(const Lexer *lexer, size_t from, Str *out, size_t *to)
{
    Buf text = buf_new(lexer->arena, lexer->text.len);
    for (size_t at = from + 1; at < lexer->text.len; at++) {
        char c = lexer->text.ptr[at];
        if (c == '\'' && !(at + 1 < lexer->text.len && lexer->text.ptr[at + 1] == '\'')) {
            *out = buf_str(&text);
            *to = at + 1;
            return true;
        }
        at += c == '\'';
        buf_char(&text, c);
    }
    return false;
}

static Token lex_text(Lexer *lexer, Token token)
{
    Str    text;
    size_t to;
    if (!lex_quoted(lexer, lexer->at, &text, &to))
        return refuse(token, TEXT("文本缺少结尾的单引号", "the text lacks its closing quote"));
    token.value = value_text(text);
    return finish(lexer, token, TOKEN_LITERAL, to);
}

/* `date '2025-01-31'`. The word alone stays a name, so that a field may be called so. */
static bool lex_date(Lexer *lexer, Token *token, size_t after_word)
{
    size_t quote = after_word;
    while (quote < lexer->text.len && lexer->text.ptr[quote] == ' ')
        quote++;
    if (quote == lexer->text.len || lexer->text.ptr[quote] != '\'')
        return false;
    Str     text;
    size_t  to;
    int64_t day;
    if (!lex_quoted(lexer, quote, &text, &to) || !date_parse(text, &day)) {
        *token = refuse(*token, TEXT("日期应写作 date '2025-01-31'", "a date is written date '2025-01-31'"));
        return true;
    }
    token->value = value_date(day);
    *token = finish(lexer, *token, TOKEN_LITERAL, to);
    return true;
}

static Token lex_word(Lexer *lexer, Token token)
{
    size_t to = lexer->at;
    while (to < lexer->text.len && (is_letter(lexer->text.ptr[to]) || is_digit(lexer->text.ptr[to])))
        to++;
    Str word = str_slice(lexer->text, lexer->at, to);
    if (str_eq(word, STR("date")) && lex_date(lexer, &token, to))
        return token;
    if (str_eq(word, STR("true")) || str_eq(word, STR("false"))) {
        token.value = value_bool(word.len == 4);
        return finish(lexer, token, TOKEN_LITERAL, to);
    }
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
        if (str_eq(word, keywords[i].word))
            return finish(lexer, token, keywords[i].kind, to);
    return finish(lexer, token, TOKEN_NAME, to);
}

Lexer lexer_new(Arena *arena, Str text) { return (Lexer){ .arena = arena, .text = text, .position = 1 }; }

Token lexer_next(Lexer *lexer)
{
    skip_blanks(lexer);
    Token token = { .from = lexer->at, .to = lexer->at, .position = lexer->position };
    if (lexer->at == lexer->text.len)
        return token;
    char c = peek(lexer, 0);
    if (is_digit(c))
        return lex_number(lexer, token);
    if (is_letter(c))
        return lex_word(lexer, token);
    if (c == '\'')
        return lex_text(lexer, token);
    Str rest = str_slice(lexer->text, lexer->at, lexer->text.len);
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (str_starts(rest, signs[i].sign))
            return finish(lexer, token, signs[i].kind, lexer->at + signs[i].sign.len);
    return refuse(token,
                  TEXT("不认识此字符（标点须用半角，文本须加单引号，条件用 and、or 连接）",
                       "this character has no meaning here (text stands in single quotes; and, or join conditions)"));
}
