/* web/server/reject_cases.h: requests that two servers might read differently, and what each must be answered with. The
 * connection ends after the answer. Shared by the tests of the reader and of the server.
 *
 * Source   RFC 9112, RFC 9110 and RFC 3986, whose rules each of them breaks; the kinds of deviation are those found in
 *          servers and proxies by differential testing. */
#ifndef FM_WEB_SERVER_REJECT_CASES_H
#define FM_WEB_SERVER_REJECT_CASES_H

#include "base/str.h"

typedef struct RejectCase {
    const char *name;
    Str         bytes;
    int         status;
} RejectCase;

#define GET_HEAD  "GET / HTTP/1.1\r\nHost: a\r\n"
#define POST_HEAD "POST / HTTP/1.1\r\nHost: a\r\n"
#define CHUNKED   POST_HEAD "Transfer-Encoding: chunked\r\n\r\n"
#define REJECT(name, status, bytes)                                                                                    \
    {                                                                                                                  \
        name, STR_INIT(bytes), status                                                                                  \
    }

static const RejectCase reject_cases[] = {
    /* ends of lines */
    REJECT("bare LF everywhere", 400, "GET / HTTP/1.1\nHost: a\n\n"),
    REJECT("bare LF after the request line", 400, "GET / HTTP/1.1\nHost: a\r\n\r\n"),
    REJECT("bare LF after a header", 400, "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n"),
    REJECT("bare LF as the empty line", 400, GET_HEAD "\n"),
    REJECT("bare LF in a value", 400, GET_HEAD "X: a\n\nGET /b HTTP/1.1\r\n\r\n"),
    REJECT("bare LF in a name", 400, GET_HEAD "X\nY: a\r\n\r\n"),
    REJECT("bare LF in place of a blank", 400, "GET /\nHTTP/1.1\r\nHost: a\r\n\r\n"),
    REJECT("bare CR everywhere", 400, "GET / HTTP/1.1\rHost: a\r\r"),
    REJECT("bare CR in a value", 400, GET_HEAD "X: a\rY: b\r\n\r\n"),
    REJECT("bare CR before the empty line's CRLF", 400, GET_HEAD "\r\r\n"),
    REJECT("CR and another byte as the empty line", 400, GET_HEAD "\rZGET /b HTTP/1.1\r\n\r\n"),
    REJECT("bare CR in the version", 400, "GET / HTTP/\r\r1.1\r\nHost: a\r\n\r\n"),
    REJECT("two empty lines first", 400, "\r\n\r\n" GET_HEAD "\r\n"),
    /* names and values of headers */
    REJECT("NUL in a value", 400, GET_HEAD "X: a\0b\r\n\r\n"),
    REJECT("NUL in a name", 400, GET_HEAD "X\0: a\r\n\r\n"),
    REJECT("NUL in Host", 400, "GET / HTTP/1.1\r\nHost: a\0.b\r\n\r\n"),
    REJECT("NUL at the end of a value", 400, GET_HEAD "X: a\0\r\n\r\n"),
    REJECT("control character in a value", 400, GET_HEAD "X: a\x01\r\n\r\n"),
    REJECT("DEL in a value", 400, GET_HEAD "X: a\x7f\r\n\r\n"),
    REJECT("folded header", 400, GET_HEAD "X: a\r\n b\r\n\r\n"),
    REJECT("folded header with a tab", 400, GET_HEAD "X: a\r\n\tb\r\n\r\n"),
    REJECT("folded Transfer-Encoding", 501, POST_HEAD "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n"),
    REJECT("name cut by a line's end", 400, POST_HEAD "Transfer-\r\nEncoding: chunked\r\n\r\n0\r\n\r\n"),
    REJECT("blank before the colon", 400, POST_HEAD "Content-Length : 5\r\n\r\nhello"),
    REJECT("tab before the colon", 400, POST_HEAD "Content-Length\t: 5\r\n\r\nhello"),
    REJECT("blank before the first header", 400, "GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
    REJECT("tab before the first header", 400, "GET / HTTP/1.1\r\n\tContent-Length: 1\r\nHost: a\r\n\r\nX"),
    REJECT("empty name", 400, GET_HEAD ": a\r\n\r\n"),
    REJECT("empty name and value", 400, GET_HEAD ":\r\nX: a\r\n\r\n"),
    REJECT("header without colon", 400, GET_HEAD "X\r\n\r\n"),
    REJECT("blank for colon", 400, POST_HEAD "Content-Length 5\r\n\r\nhello"),
    REJECT("byte over ASCII in a name", 400,
           GET_HEAD "\xef"
                    "oo: a\r\n\r\n"),
    REJECT("NEL after a name", 400, POST_HEAD "Content-Length\x85: 5\r\n\r\nhello"),
    REJECT("separators in a name", 400, GET_HEAD "(a),/;<b>=?@[c]{d}: e\r\n\r\n"),
    REJECT("value that is not UTF-8", 400,
           GET_HEAD "User: \x85"
                    "admin\xa0\r\n\r\n"),
    /* Content-Length */
    REJECT("Content-Length twice, different", 400, POST_HEAD "Content-Length: 1\r\nContent-Length: 0\r\n\r\nZ"),
    REJECT("Content-Length twice, alike", 400, POST_HEAD "Content-Length: 1\r\nContent-Length: 1\r\n\r\nZ"),
    REJECT("Content-Length empty", 400, POST_HEAD "Content-Length: \r\n\r\n"),
    REJECT("Content-Length empty, then not", 400, POST_HEAD "Content-Length:\r\nContent-Length: 3\r\n\r\nabc"),
    REJECT("Content-Length +1", 400, POST_HEAD "Content-Length: +1\r\n\r\nZ"),
    REJECT("Content-Length -1", 400, POST_HEAD "Content-Length: -1\r\n\r\nZ"),
    REJECT("Content-Length 0x10", 400, POST_HEAD "Content-Length: 0x10\r\n\r\n0123456789abcdef"),
    REJECT("Content-Length 1_0", 400, POST_HEAD "Content-Length: 1_0\r\n\r\n0123456789"),
    REJECT("Content-Length 1, 1", 400, POST_HEAD "Content-Length: 1, 1\r\n\r\nZ"),
    REJECT("Content-Length 1,1", 400, POST_HEAD "Content-Length: 1,1\r\n\r\nZ"),
    REJECT("Content-Length 1Z", 400, POST_HEAD "Content-Length: 1Z\r\n\r\nZ"),
    REJECT("Content-Length 1 1", 400, POST_HEAD "Content-Length: 1 1\r\n\r\nZ"),
    REJECT("Content-Length 010", 400, POST_HEAD "Content-Length: 010\r\n\r\n0123456789"),
    REJECT("Content-Length in quotes", 400, POST_HEAD "Content-Length: \"1\"\r\n\r\nZ"),
    REJECT("Content-Length 2^63", 400, POST_HEAD "Content-Length: 9223372036854775808\r\n\r\n"),
    REJECT("Content-Length 2^64 + 1", 400, POST_HEAD "Content-Length: 18446744073709551617\r\n\r\nZ"),
    REJECT("Content-Length of many digits", 400, POST_HEAD "Content-Length: 00000000000000000000001\r\n\r\nZ"),
    /* Transfer-Encoding */
    REJECT("Content-Length with chunked", 400,
           POST_HEAD "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    REJECT("chunked with Content-Length", 400,
           POST_HEAD "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"),
    REJECT("Transfer-Encoding twice", 400,
           POST_HEAD "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    REJECT("Transfer-Encoding chunked, then identity", 400,
           POST_HEAD "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n"),
    REJECT("Transfer-Encoding ,chunked", 501, POST_HEAD "Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n"),
    REJECT("Transfer-Encoding xchunked", 501, POST_HEAD "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
    REJECT("Transfer-Encoding chunked1", 501, POST_HEAD "Transfer-Encoding: chunked1\r\n\r\n0\r\n\r\n"),
    REJECT("Transfer-Encoding gzip, chunked", 501, POST_HEAD "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    REJECT("Transfer-Encoding chunked, chunked", 501, POST_HEAD "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
    REJECT("Transfer-Encoding chunked;a=b", 501, POST_HEAD "Transfer-Encoding: chunked;a=b\r\n\r\n0\r\n\r\n"),
    REJECT("Transfer-Encoding identity", 501, POST_HEAD "Transfer-Encoding: identity\r\n\r\n"),
    REJECT("Transfer-Encoding unknown", 501, POST_HEAD "Transfer-Encoding: blah\r\n\r\n1\r\nZ\r\n0\r\n\r\n"),
    REJECT("Transfer-Encoding empty", 501, POST_HEAD "Transfer-Encoding:\r\n\r\n"),
    REJECT("Transfer-Encoding after VT", 400,
           POST_HEAD "Transfer-Encoding: \x0b"
                     "chunked\r\n\r\n0\r\n\r\n"),
    REJECT("Transfer-Encoding between NBSP", 400,
           POST_HEAD "Transfer-Encoding: \xa0"
                     "chunked\xa0\r\n\r\n0\r\n\r\n"),
    REJECT("Transfer-Encoding between U+00A0", 501,
           POST_HEAD "Transfer-Encoding: \xc2\xa0"
                     "chunked\r\n\r\n0\r\n\r\n"),
    REJECT("Transfer-Encoding with HTTP/1.0", 400,
           "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    /* chunks */
    REJECT("chunk size empty", 400, CHUNKED "\r\n\r\n"),
    REJECT("chunk size 0x1", 400, CHUNKED "0x1\r\nZ\r\n0\r\n\r\n"),
    REJECT("chunk size 1_0", 400, CHUNKED "1_0\r\n0123456789abcdef\r\n0\r\n\r\n"),
    REJECT("chunk size +1", 400, CHUNKED "+1\r\nZ\r\n0\r\n\r\n"),
    REJECT("chunk size -1", 400, CHUNKED "-1\r\nZ\r\n0\r\n\r\n"),
    REJECT("chunk size not a number", 400, CHUNKED "Z\r\nZ\r\n0\r\n\r\n"),
    REJECT("chunk size with a tail", 400, CHUNKED "1junk\r\nZ\r\n0\r\n\r\n"),
    REJECT("chunk size after a blank", 400, CHUNKED " 1\r\nZ\r\n0\r\n\r\n"),
    REJECT("chunk size before a blank", 400, CHUNKED "1 \r\nZ\r\n0\r\n\r\n"),
    REJECT("chunk size over 2^63", 400, CHUNKED "8000000000000000\r\nZ"),
    REJECT("chunk size of 2^64 + 1", 400, CHUNKED "10000000000000001\r\nZ\r\n0\r\n\r\n"),
    REJECT("chunk size of 17 digits", 400, CHUNKED "00000000000000001\r\nZ\r\n0\r\n\r\n"),
    REJECT("chunk size ends with LF", 400, CHUNKED "1\nZ\r\n0\r\n\r\n"),
    REJECT("chunk size ends with CR and another byte", 400, CHUNKED "1\rXZ\r\n0\r\n\r\n"),
    REJECT("chunk data does not end with CRLF", 400, CHUNKED "1\r\nZXX0\r\n\r\n"),
    REJECT("chunk data ends with LF", 400, CHUNKED "1\r\nZ\n0\r\n\r\n"),
    REJECT("chunk data longer than its size", 400, CHUNKED "1\r\nZZ\r\n0\r\n\r\n"),
    REJECT("empty line between chunks", 400, CHUNKED "1\r\nZ\r\n\r\n0\r\n\r\n"),
    REJECT("CR in a chunk extension", 400, CHUNKED "1;a\rb\r\nZ\r\n0\r\n\r\n"),
    REJECT("CR before a chunk extension", 400, CHUNKED "1\r\r;a\r\nZ\r\n0\r\n\r\n"),
    REJECT("LF in a chunk extension", 400, CHUNKED "1;a\nb\r\nZ\r\n0\r\n\r\n"),
    REJECT("NUL in a chunk extension", 400, CHUNKED "1;a\0b\r\nZ\r\n0\r\n\r\n"),
    REJECT("last chunk followed by other bytes", 400, CHUNKED "0\r\nXX\r\n"),
    REJECT("last line ends with other bytes", 400, CHUNKED "0\r\n\rX"),
    REJECT("request line as a trailer", 400, CHUNKED "0\r\nX:Y\r\nPOST / HTTP/1.1\r\n\r\n"),
    REJECT("folded trailer", 400, CHUNKED "0\r\nX: a\r\n b\r\n\r\n"),
    REJECT("blank before a trailer's colon", 400, CHUNKED "0\r\nX : a\r\n\r\n"),
    REJECT("bare LF in the trailers", 400, CHUNKED "0\r\nX: a\n\r\n"),
    /* Host and target */
    REJECT("two Hosts", 400, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
    REJECT("two Hosts, alike", 400, "GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n"),
    REJECT("no Host", 400, "GET / HTTP/1.1\r\n\r\n"),
    REJECT("Host empty", 400, "GET / HTTP/1.1\r\nHost:\r\n\r\n"),
    REJECT("Host with userinfo", 400, "GET / HTTP/1.1\r\nHost: me@a\r\n\r\n"),
    REJECT("Host with a path", 400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
    REJECT("Host of two names", 400, "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"),
    REJECT("Host with a bad port", 400, "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n"),
    REJECT("Host with a port over 65535", 400, "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n"),
    REJECT("Host with an open bracket", 400, "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"),
    REJECT("absolute form of another host", 400, "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n"),
    REJECT("absolute form of another port", 400, "GET http://a:81/ HTTP/1.1\r\nHost: a:80\r\n\r\n"),
    REJECT("absolute form with userinfo", 400, "GET http://me@a/ HTTP/1.1\r\nHost: a\r\n\r\n"),
    REJECT("absolute form of another scheme", 400, "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n"),
    REJECT("target without slash", 400, "GET ! HTTP/1.1\r\nHost: a\r\n\r\n"),
    REJECT("asterisk", 501, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"),
    REJECT("asterisk with GET", 501, "GET * HTTP/1.1\r\nHost: a\r\n\r\n"),
    REJECT("fragment", 400, "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n"),
    REJECT("%00 in the path", 400, "GET /a%00b HTTP/1.1\r\nHost: a\r\n\r\n"),
    REJECT("%00 in the query", 400, "GET /a?b=%00 HTTP/1.1\r\nHost: a\r\n\r\n"),
    REJECT("%0a in the path", 400, "GET /a%0Ab HTTP/1.1\r\nHost: a\r\n\r\n"),
    REJECT("dot segments", 400, "GET /a/../b HTTP/1.1\r\nHost: a\r\n\r\n"),
    REJECT("dot segment at the end", 400, "GET /a/.. HTTP/1.1\r\nHost: a\r\n\r\n"),
    REJECT("single dot segment", 400, "GET /./a HTTP/1.1\r\nHost: a\r\n\r\n"),
    REJECT("dot segments escaped, slash too", 400, "GET /%2e%2e%2fa HTTP/1.1\r\nHost: a\r\n\r\n"),
    REJECT("dot segments escaped", 400, "GET /%2e%2E/a HTTP/1.1\r\nHost: a\r\n\r\n"),
    REJECT("dot segment half escaped", 400, "GET /.%2e/a HTTP/1.1\r\nHost: a\r\n\r\n"),
    REJECT("escaped slash", 400, "GET /a%2fb HTTP/1.1\r\nHost: a\r\n\r\n"),
    REJECT("backslash", 400, "GET /a\\b HTTP/1.1\r\nHost: a\r\n\r\n"),
    REJECT("escaped backslash", 400, "GET /a%5cb HTTP/1.1\r\nHost: a\r\n\r\n"),
    REJECT("overlong UTF-8", 400, "GET /%c0%ae%c0%ae/a HTTP/1.1\r\nHost: a\r\n\r\n"),
    REJECT("surrogate", 400, "GET /%ed%a0%80 HTTP/1.1\r\nHost: a\r\n\r\n"),
    REJECT("not UTF-8 in the query", 400, "GET /a?b=%ff HTTP/1.1\r\nHost: a\r\n\r\n"),
    REJECT("escape cut short", 400, "GET /a%4 HTTP/1.1\r\nHost: a\r\n\r\n"),
    REJECT("escape of other letters", 400, "GET /a%4g HTTP/1.1\r\nHost: a\r\n\r\n"),
    REJECT("byte over ASCII in the target", 400, "GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n"),
    REJECT("control character in the target", 400, "GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n"),
    /* version and method */
    REJECT("version 1.32", 400, "GET / HTTP/1.32\r\nHost: a\r\n\r\n"),
    REJECT("version 4294967297.1", 400, "GET / HTTP/4294967297.1\r\nHost: a\r\n\r\n"),
    REJECT("version 2.0", 505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
    REJECT("version 0.9", 505, "GET / HTTP/0.9\r\nHost: a\r\n\r\n"),
    REJECT("version 1.2", 505, "GET / HTTP/1.2\r\nHost: a\r\n\r\n"),
    REJECT("preface of HTTP/2", 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    REJECT("no version", 400, "GET /\r\n\r\n"),
    REJECT("version in lower case", 400, "GET / http/1.1\r\nHost: a\r\n\r\n"),
    REJECT("version of dots", 400, "GET / HTTP/....\r\nHost: a\r\n\r\n"),
    REJECT("blank after the version", 400, "GET / HTTP/1.1 \r\nHost: a\r\n\r\n"),
    REJECT("junk after the version", 400, "GET / HTTP/1.1 junk\r\nHost: a\r\n\r\n"),
    REJECT("two blanks before the target", 400, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
    REJECT("tab before the target", 400, "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"),
    REJECT("method G=\"", 400, "G=\" / HTTP/1.1\r\nHost: a\r\n\r\n"),
    REJECT("method after a blank", 400, " GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    REJECT("method starts with NUL", 400, "\0 / HTTP/1.1\r\nHost: a\r\n\r\n"),
    REJECT("start of TLS", 400, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    REJECT("unknown method", 501, "BREW / HTTP/1.1\r\nHost: a\r\n\r\n"),
    REJECT("method in lower case", 501, "get / HTTP/1.1\r\nHost: a\r\n\r\n"),
    REJECT("TRACE", 501, "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n"),
    REJECT("CONNECT", 501, "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n"),
};

enum { REJECT_CASES = sizeof reject_cases / sizeof reject_cases[0] };

#endif
