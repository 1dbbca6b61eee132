#include "kernel/post.h"

#include "base/limits.h"
#include "kernel/address.h"

#include <curl/curl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#define STATUS_GONE         410 /* the receiver wants no more of it */
#define STATUS_MAIL_TAKEN   250
#define STATUS_MAIL_REFUSED 550 /* to 559 */

#define PORTS_FREE 1024 /* below it only those of the web: a request must not be read as mail or anything else */

/* ---- where to ---- */

static Str url_part(Arena *arena, CURLU *url, CURLUPart part)
{
    char *text = NULL;
    if (curl_url_get(url, part, &text, CURLU_DEFAULT_PORT) != CURLUE_OK)
        return STR_NONE;
    Str copy = str_dup(arena, str_from(text));
    curl_free(text);
    return copy;
}

static bool port_fits(Str port)
{
    int64_t number;
    return str_int(port, &number) && (number == 80 || number == 443 || number >= PORTS_FREE);
}

static bool url_fits(Arena *arena, CURLU *url, bool private)
{
    Str scheme = url_part(arena, url, CURLUPART_SCHEME);
    return (str_eq(scheme, STR("https")) || (private && str_eq(scheme, STR("http")))) &&
           !url_part(arena, url, CURLUPART_USER).ptr && !url_part(arena, url, CURLUPART_PASSWORD).ptr &&
           !url_part(arena, url, CURLUPART_FRAGMENT).ptr && port_fits(url_part(arena, url, CURLUPART_PORT));
}

static bool reach_fits(AddressReach reach, bool private)
{
    return reach == ADDRESS_PUBLIC || (private && reach == ADDRESS_PRIVATE);
}

/* "[::1]" without its brackets. */
static Str bare_host(Str host)
{
    return str_starts(host, STR("[")) && str_ends(host, STR("]")) ? str_slice(host, 1, host.len - 1) : host;
}

Err post_url_check(Arena *arena, Str url, bool private, Problems *problems)
{
    AddressReach reach;
    CURLU       *parsed = curl_url();
    bool         plain = url.len <= LIMIT_POST_URL;
    for (size_t i = 0; i < url.len && plain; i++) /* no space, control or raw letter beyond ASCII */
        plain = url.ptr[i] > ' ' && url.ptr[i] < 0x7f;
    bool fits = plain && curl_url_set(parsed, CURLUPART_URL, str_dup_z(arena, url), 0) == CURLUE_OK &&
                url_fits(arena, parsed, private);
    Str host = fits ? bare_host(url_part(arena, parsed, CURLUPART_HOST)) : STR_NONE;
    curl_url_cleanup(parsed);
    if (!fits)
        PROBLEM(problems, ECODE_WEBHOOK_URL, STR("url"), STR_NONE, ARG("max", str_printf(arena, "%d", LIMIT_POST_URL)));
    else if (address_literal(host, &reach) && !reach_fits(reach, private))
        PROBLEM(problems, ECODE_WEBHOOK_ADDRESS, STR("url"), STR_NONE, ARG("host", host));
    else
        return ERR_OK;
    return err_make(ECODE_RECORD_INVALID, "url");
}

/* ---- one ---- */

static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    Post *post = context;
    if (purpose != CURLSOCKTYPE_IPCXN || !reach_fits(address_reach(&address->addr), post->private)) {
        post->blocked = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* What is answered is counted, and kept where somebody wants more than the status. */
static size_t take_answer(char *bytes, size_t size, size_t count, void *context)
{
    Post *post = context;
    post->received += size * count;
    if (post->answer)
        buf_add(post->answer, (Str){ bytes, size * count });
    return post->received > LIMIT_POST_ANSWER ? 0 : size * count;
}

static struct curl_slist *header_lines(const Post *post)
{
    OWNED(arena) Arena *scratch = arena_new();
    struct curl_slist  *lines = curl_slist_append(NULL, "Expect:"); /* the body is small: send it at once */
    for (size_t i = 0; i < POST_HEADERS_MAX && post->headers[i].ptr; i++)
        lines = curl_slist_append(lines, str_dup_z(scratch, post->headers[i]));
    return lines;
}

/* Of both: nothing of the environment, nothing of before, and bounds. */
static void set_bounds(CURL *easy, Post *post)
{
    curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)LIMIT_POST_CONNECT_MS);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)LIMIT_POST_MS);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_answer);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, post);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, post);
}

static void set_request(CURL *easy, Post *post)
{
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, post);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, post->body.ptr);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)post->body.len);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, (struct curl_slist *)post->lines);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
}

static size_t give_mail(char *bytes, size_t size, size_t count, void *context)
{
    Post  *post = context;
    size_t room = size * count, left = post->body.len - post->given;
    size_t piece = left < room ? left : room;
    memcpy(bytes, post->body.ptr + post->given, piece);
    post->given += piece;
    return piece;
}

static void set_mail(CURL *easy, Post *post)
{
    OWNED(arena) Arena *scratch = arena_new();
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(easy, CURLOPT_USE_SSL, (long)(post->plain ? CURLUSESSL_NONE : CURLUSESSL_ALL));
    curl_easy_setopt(easy, CURLOPT_MAIL_FROM, str_dup_z(scratch, post->from));
    curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, (struct curl_slist *)post->lines);
    if (post->login.len) {
        curl_easy_setopt(easy, CURLOPT_USERNAME, str_dup_z(scratch, post->login));
        curl_easy_setopt(easy, CURLOPT_PASSWORD, str_dup_z(scratch, post->password));
    }
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_mail);
    curl_easy_setopt(easy, CURLOPT_READDATA, post);
}

static struct curl_slist *receiver(const Post *post)
{
    OWNED(arena) Arena *scratch = arena_new();
    return curl_slist_append(NULL, str_dup_z(scratch, post->to));
}

static CURL *easy_new(Post *post)
{
    OWNED(arena) Arena *scratch = arena_new();
    CURL               *easy = curl_easy_init();
    if (!easy)
        return NULL;
    post->lines = post->to.len ? receiver(post) : header_lines(post);
    set_bounds(easy, post);
    curl_easy_setopt(easy, CURLOPT_URL, str_dup_z(scratch, post->url));
    if (post->to.len)
        set_mail(easy, post);
    else
        set_request(easy, post);
    return easy;
}

static const char *problem_of(const Post *post, CURLcode code)
{
    if (post->blocked)
        return "address";
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST: return "resolve";
    case CURLE_COULDNT_CONNECT: return "connect";
    case CURLE_OPERATION_TIMEDOUT: return "timeout";
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_USE_SSL_FAILED:
    case CURLE_PEER_FAILED_VERIFICATION: return "tls";
    case CURLE_LOGIN_DENIED: return "sign_in";
    default: return "broken";
    }
}

static void request_ends(Post *post, CURLcode code, long status)
{
    bool answered = code == CURLE_OK || post->received > LIMIT_POST_ANSWER;
    post->status = answered ? (int)status : 0;
    post->problem = answered ? NULL : problem_of(post, code);
    post->taken = post->status >= 200 && post->status < 300;
    post->refused = post->status == STATUS_GONE;
}

/* The relay's last word counts when it said no: what it says of the receiver or the message is final (RFC 5321, 4.2.1),
 * what it says of this program (530, 535 …) is the operator's to mend. */
static void mail_ends(Post *post, CURLcode code, long status)
{
    bool said_no = code != CURLE_OK && code != CURLE_LOGIN_DENIED && status >= 400 && status < 600;
    post->taken = code == CURLE_OK;
    post->status = post->taken ? STATUS_MAIL_TAKEN : said_no ? (int)status : 0;
    post->problem = post->taken || said_no ? NULL : problem_of(post, code);
    post->refused = said_no && status >= STATUS_MAIL_REFUSED && status < STATUS_MAIL_REFUSED + 10;
}

static void post_ends(Post *post, CURLcode code)
{
    long status = 0;
    curl_easy_getinfo(post->easy, CURLINFO_RESPONSE_CODE, &status);
    if (post->to.len)
        mail_ends(post, code, status);
    else
        request_ends(post, code, status);
}

/* ---- several ---- */

struct Posts {
    CURLM *multi;
    Post **items;
    size_t count, capacity;
};

Posts *posts_new(void)
{
    Posts *posts = mem_alloc(sizeof *posts);
    posts->multi = curl_multi_init();
    return posts;
}

static void post_drop(Posts *posts, Post *post)
{
    curl_multi_remove_handle(posts->multi, post->easy);
    curl_easy_cleanup(post->easy);
    curl_slist_free_all(post->lines);
    post->easy = post->lines = NULL;
    for (size_t i = 0; i < posts->count; i++)
        if (posts->items[i] == post)
            posts->items[i--] = posts->items[--posts->count];
}

void posts_free(Posts *posts)
{
    if (!posts)
        return;
    while (posts->count)
        post_drop(posts, posts->items[0]);
    curl_multi_cleanup(posts->multi);
    free(posts->items);
    free(posts);
}

Err posts_add(Posts *posts, Post *post)
{
    post->status = 0;
    post->problem = NULL;
    post->received = post->given = 0;
    post->blocked = post->taken = post->refused = false;
    post->easy = easy_new(post);
    if (!post->easy || !posts->multi || curl_multi_add_handle(posts->multi, post->easy) != CURLM_OK) {
        curl_easy_cleanup(post->easy);
        curl_slist_free_all(post->lines);
        return err_make(ECODE_INTERNAL, "libcurl takes no request");
    }
    if (posts->count == posts->capacity) {
        posts->capacity = posts->capacity ? posts->capacity * 2 : 16;
        posts->items = mem_grow(posts->items, posts->capacity * sizeof(Post *));
    }
    posts->items[posts->count++] = post;
    return ERR_OK;
}

static Post *ended_one(Posts *posts)
{
    int            left;
    const CURLMsg *message = curl_multi_info_read(posts->multi, &left);
    void          *context = NULL;
    if (!message || message->msg != CURLMSG_DONE)
        return NULL;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &context);
    Post *post = context;
    post_ends(post, message->data.result);
    post_drop(posts, post);
    return post;
}

Post *posts_wait(Posts *posts, int wait_ms)
{
    int running;
    curl_multi_perform(posts->multi, &running);
    Post *post = ended_one(posts);
    if (post || !posts->count)
        return post;
    curl_multi_poll(posts->multi, NULL, 0, wait_ms, NULL);
    curl_multi_perform(posts->multi, &running);
    return ended_one(posts);
}
