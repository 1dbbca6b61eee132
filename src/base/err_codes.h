/* base/err_codes.h: the one table of error codes.
 *
 * X(symbol, code, kind, title zh, title en, detail zh, detail en). The code is stable: it is the last part of a problem's
 * `type` in the API. The detail says what is wrong and what to write instead; "{name}" is filled from the arguments given
 * where the error is raised. Keep rows sorted by area; a test refuses an empty text, a doubled code, and marks that differ
 * between the languages. */
#ifndef FM_BASE_ERR_CODES_H
#define FM_BASE_ERR_CODES_H

#define ERR_CODES(X)                                                                                                         \
    X(OK, "ok", ERR_NONE, "成功", "Done", "成功。", "Done.")                                                                  \
    /* ---- formats ---- */                                                                                                  \
    X(JSON_SYNTAX, "json.syntax", ERR_MALFORMED, "JSON 有误", "Malformed JSON",                                               \
      "请求正文不是合规的 JSON（RFC 8259；键不得重复，嵌套不超过 64 层）。",                                                    \
      "The body is not well-formed JSON (RFC 8259; no duplicate keys, at most 64 levels deep).")                             \
    X(CSV_SYNTAX, "csv.syntax", ERR_MALFORMED, "CSV 有误", "Malformed CSV", "第 {line} 行的引号不成对或位置不对。",             \
      "The quotes on line {line} are unbalanced or misplaced.")                                                              \
    X(CSV_CELLS, "csv.cells", ERR_MALFORMED, "CSV 列数有误", "Wrong number of CSV cells",                                      \
      "第 {line} 行有 {found} 列，表头有 {expected} 列。", "Line {line} has {found} cells; the header has {expected}.")        \
    X(TEXT_ENCODING, "text.encoding", ERR_MALFORMED, "不是 UTF-8", "Not UTF-8", "文本须为合规的 UTF-8。",                       \
      "Text must be valid UTF-8.")                                                                                           \
    /* ---- files and machine ---- */                                                                                        \
    X(FILE_MISSING, "file.missing", ERR_UNSEEN, "没有此文件", "No such file", "找不到文件 {path}。", "There is no file {path}.") \
    X(FILE_READ, "file.read", ERR_INTERNAL, "文件读写失败", "File cannot be read or written", "文件 {path} 读写失败。",          \
      "The file {path} cannot be read or written.")                                                                          \
    X(FILE_TOO_LARGE, "file.too_large", ERR_TOO_LARGE, "文件过大", "File too large", "文件超过上限 {max} 字节。",               \
      "The file is over the limit of {max} bytes.")                                                                          \
    X(FILE_GZIP, "file.gzip", ERR_MALFORMED, "压缩文件损坏", "Damaged gzip file", "文件不是完好的 gzip。",                       \
      "The file is not an intact gzip file.")                                                                                \
    X(INTERNAL, "internal", ERR_INTERNAL, "程序出错", "Fault of the program",                                                  \
      "程序出错，已记录；数据没有改变。", "The program failed; this was logged and nothing was changed.")                      \
    X(BUSY, "busy", ERR_BUSY, "系统繁忙", "Busy", "系统繁忙，请稍后再试；数据没有改变。",                                        \
      "The system is busy; try again shortly. Nothing was changed.")                                                         \
    X(SHUTTING_DOWN, "shutting_down", ERR_BUSY, "正在停机", "Shutting down", "服务正在停止，请稍后再试。",                       \
      "The server is stopping; try again shortly.")                                                                          \
    X(RATE_LIMITED, "rate_limited", ERR_RATE, "过于频繁", "Too many attempts", "请求过于频繁，请在 {seconds} 秒后再试。",        \
      "Too many attempts; try again in {seconds} seconds.")                                                                  \
    /* ---- store ---- */                                                                                                    \
    X(STORE_FULL, "store.full", ERR_BUSY, "磁盘已满", "Disk full", "磁盘已满，未作任何改动；腾出空间后请再试。",                   \
      "The disk is full; nothing was changed. Free some space and try again.")                                               \
    X(STORE_READ_ONLY, "store.read_only", ERR_BUSY, "数据库不可写", "Database not writable",                                   \
      "数据库文件不可写，未作任何改动。", "The database file cannot be written; nothing was changed.")                          \
    X(STORE_CORRUPT, "store.corrupt", ERR_INTERNAL, "数据库损坏", "Database damaged", "数据库文件损坏，请从备份恢复。",            \
      "The database file is damaged; restore a backup.")                                                                     \
    X(STORE_CONSTRAINT, "store.constraint", ERR_INTERNAL, "数据库约束不符", "Database constraint violated",                     \
      "程序出错，已记录；数据没有改变。", "The program failed; this was logged and nothing was changed.")                      \
    X(STORE_SLOW, "store.slow", ERR_BUSY, "查询过久", "Query too long",                                                       \
      "查询用时超过上限，已停止；数据没有改变。", "The query took longer than it may and was stopped; nothing was changed.")     \
    X(STORE_NEWER, "store.newer", ERR_REFUSED, "数据来自更新版本", "Made by a newer version", "此数据由更新版本的程序写成，本程序读不了；请换用那个版本。", "This data was written by a newer version of the program; use that version.") \
    /* ---- city ---- */                                                                                                     \
    X(CITY_MISSING, "city.missing", ERR_UNSEEN, "没有此城市", "No such city", "{dir} 里没有城市数据；先运行 firstmile init。",   \
      "There is no city in {dir}; run firstmile init first.")                                                                \
    X(CITY_EXISTS, "city.exists", ERR_REFUSED, "已有城市", "City exists", "{dir} 里已有城市数据。", "There is already a city in {dir}.") \
    X(CITY_FOLDER, "city.folder", ERR_REFUSED, "不是空文件夹", "Not an empty folder",                                       \
      "{dir}（或 {dir}.init）不是空文件夹；符号链接、. 和 .. 不可用。请换一个目录。",                                        \
      "{dir} (or {dir}.init) is not an empty folder; a link, . or .. will not do. Choose another one.")                      \
    X(CITY_LOCKED, "city.locked", ERR_BUSY, "城市数据被占用", "City is in use",                                                \
      "另一进程正在使用此城市的数据，且没有应答。", "Another process holds this city and does not answer.")                     \
    X(SHEET_FOREIGN, "sheet.foreign", ERR_INVALID, "不是电子表格", "Not a spreadsheet", "这不是 .xlsx 文件。", "This is no .xlsx file.") \
    X(SHEET_LOCKED, "sheet.locked", ERR_INVALID, "加了密码或格式太旧", "Password or old format", "文件加了密码，或是旧的 .xls 格式；请去掉密码，另存为 .xlsx。", "The file has a password, or is of the old .xls kind; save it without one as .xlsx.") \
    X(SHEET_DAMAGED, "sheet.damaged", ERR_INVALID, "电子表格已损坏", "The spreadsheet is damaged", "文件里的 {part} 读不了；请在电子表格软件中打开后重新保存。", "{part} in the file cannot be read; open it in a spreadsheet and save it again.") \
    X(SHEET_LARGE, "sheet.large", ERR_INVALID, "电子表格太大", "The spreadsheet is too large", "文件里的 {part} 超过上限；请分成几个文件。", "{part} in the file is over the limit; split it into several files.") \
    X(SHEET_MERGED, "sheet.merged", ERR_INVALID, "有合并的单元格", "Merged cells", "{cells} 是合并的单元格，无法确定值属于哪一行；请取消合并，逐格填写。", "{cells} are merged, so it cannot be told whose value it is; unmerge them and fill in each cell.") \
    X(SHEET_FORMULA, "sheet.formula", ERR_INVALID, "公式没有算出的值", "A formula without a value", "{cell} 的公式没有保存算出的值；请在电子表格软件中打开后重新保存。", "The formula in {cell} has no stored value; open the file in a spreadsheet and save it again.") \
    X(SHEET_ROWS, "sheet.rows", ERR_INVALID, "一个工作表放不下", "Too many rows for a sheet", "一个 .xlsx 工作表最多 1,048,575 行记录；请加上条件分批导出，或导出 CSV。", "A sheet of an .xlsx file holds at most 1,048,575 records; export part by part with a filter, or as CSV.") \
    X(SHEET_FULL, "sheet.full", ERR_INVALID, "单元格装满了", "A full cell", "{cell} 的文本已达电子表格单元格的上限（32,767 个字符），可能已被截断；请去掉这一列，或改用 CSV。", "The text in {cell} is as long as a cell can be (32,767 characters), so its end may be cut off; leave the column out, or use CSV.") \
    X(SHEET_NONE, "sheet.none", ERR_INVALID, "没有这个工作表", "No such sheet", "文件里没有工作表“{sheet}”；有：{sheets}。", "There is no sheet {sheet} in the file; there are: {sheets}.") \
    X(BACKUP_FOREIGN, "backup.foreign", ERR_INVALID, "不是城市的备份", "Not a backup of a city", "{file} 不是本程序的城市备份。", "{file} is not a backup of a city.") \
    X(BACKUP_DAMAGED, "backup.damaged", ERR_INVALID, "备份已损坏", "The backup is damaged", "{file} 已损坏或不完整，没有恢复任何内容；请用另一份备份。", "{file} is damaged or incomplete; nothing was restored. Use another backup.") \
    X(CITY_SERVED, "city.served", ERR_BUSY, "城市正在服务", "City is being served", "请先停止 serve 再运行此命令。",             \
      "Stop serve before you run this command.")                                                                             \
    X(CITY_KEY_MISSING, "city.key_missing", ERR_UNSEEN, "没有密钥", "No key", "城市的密钥文件 keys/secret 不在；用 --key-dir 指明它所在的文件夹，或从备份取回。", \
      "The city's key file keys/secret is not there; name its folder with --key-dir, or bring it back from a backup.")        \
    X(CITY_KEY_OPEN, "city.key_open", ERR_DENIED, "密钥对他人可读", "Key open to others", "密钥文件 keys/secret 对其他用户可读；请执行 chmod 600 后再试。", \
      "The key file keys/secret can be read by other users; run chmod 600 on it and try again.")                              \
    X(CITY_KEY_WRONG, "city.key_wrong", ERR_REFUSED, "密钥不是这座城市的", "Not this city's key", "密钥文件 keys/secret 损坏，或属于另一座城市。", \
      "The key file keys/secret is damaged or belongs to another city.")                                                      \
    X(CITY_PACK, "city.pack", ERR_REFUSED, "读不了城市的政策包", "The city's pack cannot be read", "本程序读不了这座城市正在使用的政策包；数据没有改变。请用原来的版本打开，或先用原来的版本换用一个改好的政策包。", "This program cannot read the pack that the city has; nothing was changed. Open it with the version that it was used with, or use that one to bring in a mended pack first.") \
    X(PORT_TAKEN, "port.taken", ERR_BUSY, "端口被占用", "Port taken", "无法监听 {address}：端口被占用；用 --listen 换一个端口。", "Cannot listen on {address}: the port is taken; choose another with --listen.") \
    X(PORT_REFUSED, "port.refused", ERR_DENIED, "不可监听此地址", "Address not allowed",                                        \
      "没有 TLS 时只监听本机地址；要对外服务，请放在代理之后并用 --behind-proxy 指明代理。",                                      \
      "Without TLS only loopback addresses are served; put a proxy in front and name it with --behind-proxy.")               \
    X(PORT_DEMO, "port.demo", ERR_DENIED, "演示城市只监听本机", "A demo city listens on loopback only",                       \
      "演示城市的密码人人可见，只监听本机地址，如 127.0.0.1:8080；有代理也一样。",                                            \
      "Everybody knows a demo city's password: it listens on loopback only, as 127.0.0.1:8080, also behind a proxy.")        \
    X(PORT_ADDRESS, "port.address", ERR_USAGE, "监听地址有误", "Not an address and port",                                     \
      "--listen 须为 IP 地址加端口（0 至 65535），如 127.0.0.1:8080 或 [::1]:8080；{address} 不是。",                       \
      "--listen takes an IP address and a port (0 to 65535), as 127.0.0.1:8080 or [::1]:8080; {address} is not that.")       \
    X(PORT_PROXY, "port.proxy", ERR_USAGE, "代理地址有误", "Not a proxy's address",                                           \
      "--behind-proxy 须为代理的 IP 地址，不带端口，如 127.0.0.1；{proxy} 不是。",                                         \
      "--behind-proxy takes the IP address of the proxy, without a port, as 127.0.0.1; {proxy} is not that.")                \
    X(PORT_UNAVAILABLE, "port.unavailable", ERR_DENIED, "无法监听此地址", "Cannot listen there",                              \
      "无法监听 {address}：不是本机的地址，或 1024 以下的端口需要特权。",                                                     \
      "Cannot listen on {address}: this machine does not have the address, or a port below 1024 needs privileges.")          \
    X(PORT_PATH, "port.path", ERR_REFUSED, "套接字的路径被占", "Something is in the socket's way",                            \
      "{path} 已存在而不是套接字；请移走它再试。",                                                                            \
      "{path} is there and is not a socket; move it away and try again.")                                                    \
    /* ---- packs ---- */                                                                                                    \
    X(PACK_INVALID, "pack.invalid", ERR_INVALID, "政策包有误", "Policy pack has problems", "政策包有 {count} 处问题。",          \
      "Problems in the policy pack: {count}.")                                                                               \
    X(PACK_MISSING, "pack.missing", ERR_UNSEEN, "没有此政策包", "No such policy pack", "找不到政策包 {pack}。", "There is no policy pack {pack}.") \
    X(PACK_FILE, "pack.file", ERR_INVALID, "未知的文件", "Unknown file", "政策包里不认识文件 {file}；可用：{known}。",           \
      "The file {file} is not known in a pack; known are {known}.")                                                          \
    X(PACK_YAML, "pack.yaml", ERR_INVALID, "YAML 有误", "Malformed YAML", "YAML 有误：{reason}。", "Malformed YAML: {reason}.")  \
    X(PACK_KEY_UNKNOWN, "pack.key_unknown", ERR_INVALID, "未知的键", "Unknown key", "这里不认识键 {key}；可用：{known}。",       \
      "The key {key} is not known here; known are {known}.")                                                                 \
    X(PACK_KEY_MISSING, "pack.key_missing", ERR_INVALID, "缺少键", "Missing key", "缺少键 {key}。", "The key {key} is missing.") \
    X(PACK_KEY_TWICE, "pack.key_twice", ERR_INVALID, "键重复", "Key given twice", "键 {key} 写了两次。", "The key {key} is given twice.") \
    X(PACK_SHAPE, "pack.shape", ERR_INVALID, "结构不对", "Wrong shape", "{key} 应为{expected}。", "{key} must be {expected}.")   \
    X(PACK_NAME, "pack.name", ERR_INVALID, "名称不合规", "Bad name",                                                           \
      "名称 {name} 不合规：用小写字母开头，只含小写字母、数字和下划线，不超过 40 个字符。",                                       \
      "The name {name} is not allowed: start with a lower-case letter; lower-case letters, digits and underscores only; at most 40.") \
    X(PACK_RESERVED, "pack.reserved", ERR_INVALID, "保留名称", "Reserved name", "名称 {name} 由系统保留。", "The name {name} is reserved.") \
    X(PACK_DUPLICATE, "pack.duplicate", ERR_INVALID, "名称重复", "Name used twice", "{name} 已在 {where} 定义。",                \
      "{name} is already defined at {where}.")                                                                               \
    X(PACK_UNKNOWN, "pack.unknown", ERR_INVALID, "未知名称", "Unknown name", "没有名为 {name} 的{what}；可用：{known}。", \
      "There is no {what} named {name}; known are {known}.") \
    X(DEMO_UNKNOWN, "demo.unknown", ERR_INVALID, "示例里有未知名称", "Unknown name in a demo", "没有名为 {name} 的{what}。", \
      "There is no {what} named {name}.") \
    X(PACK_LABEL, "pack.label", ERR_INVALID, "缺少一种语言的文字", "Text missing in one language", "{key} 须同时有 zh 和 en。",    \
      "{key} needs both zh and en.")                                                                                         \
    X(PACK_VALUE, "pack.value", ERR_INVALID, "取值不对", "Bad value", "{key} 的取值 {value} 不可用；可用：{known}。",              \
      "{value} is not a value of {key}; use {known}.")                                                                       \
    X(PACK_UNREACHABLE, "pack.unreachable", ERR_INVALID, "状态不可到达", "State cannot be reached",                              \
      "没有步骤能到达状态 {state}。", "No step leads to the state {state}.")                                                  \
    X(PACK_EXPRESSION, "pack.expression", ERR_INVALID, "表达式有误", "Expression has a problem", "{reason}", "{reason}")          \
    X(PACK_EFFECT, "pack.effect", ERR_INVALID, "effect 缺少字段", "An effect lacks a field", "effect {effect} 须有类型 {type} 的字段 {field}（{kind}）。", \
      "The effect {effect} needs the field {field} ({kind}) of the type {type}.") \
    X(PACK_DECIDES, "pack.decides", ERR_INVALID, "不能留存的决定", "A decision that cannot be kept", "步骤 {action} 写了 decides：政策包须有 computation 类型，该步骤须有 guard，且 guard 不得读取可被抹除（erases）的字段。", "The step {action} says decides: the pack needs a type computation, the step a guard, and the guard must read no field that a step erases.") \
    X(PACK_PARTY, "pack.party", ERR_INVALID, "缺少当事人类型", "Party type missing",                                            \
      "政策包须有类型 {type}，其字段含 {field}。", "A pack needs the type {type} with the field {field}.")                     \
    X(PACK_STEP, "pack.step", ERR_INVALID, "缺少程序要走的步骤", "Step missing that the program takes", "类型 {type} 须有步骤 {action}：{expected}。", \
      "The type {type} needs a step {action} that {expected}.")                                                          \
    X(PACK_CYCLE, "pack.cycle", ERR_INVALID, "互相计算", "Computed in a circle", "{field}的计算绕回了自己：{path}。", "{field} is computed from itself: {path}.") \
    X(PACK_CLOCK, "pack.clock", ERR_INVALID, "到期步骤走不成", "Step that cannot be taken when time is up", "到期时由系统办理的步骤 {action} 在这些状态下不能办理，而时钟在其中会走：{states}。", \
      "The action {action}, which the system takes when the clock has run out, cannot be taken in states in which the clock runs: {states}.") \
    X(PACK_ROLE, "pack.role", ERR_INVALID, "无人担任的角色", "Role that nobody can have", "角色 {role} 不在任职的可选角色中，无人能够担任。", \
      "The role {role} is not among the roles of a membership: nobody can have it.") \
    X(PACK_BINDING, "pack.binding", ERR_INVALID, "没有可约束的参数", "Nothing to bind", "条件没有用到 param()，写 binding 没有意义。", "The condition reads no param(), so binding means nothing here.") \
    X(PACK_UNIQUE, "pack.unique", ERR_INVALID, "唯一性会泄露内容", "Uniqueness would tell secrets", \
      "{field}须唯一，但角色 {role} 能填写却未必能看到已有的值；请放宽其密级或查看权，或改为 unique: owner。", \
      "{field} is to be unique, but the role {role} may write it and not see the values that are there; open its class or the access, or use unique: owner.") \
    X(PACK_LOSES, "pack.loses", ERR_REFUSED, "会丢失数据", "Data would be lost", "新政策包会丢失数据，共 {count} 处。", "The new pack would lose data; places: {count}.") \
    X(PACK_LOSS, "pack.loss", ERR_REFUSED, "会丢失数据", "Data would be lost", "{what}在新政策包里没有了，而 {records} 条记录有它的数据；改名请写 was，确要丢弃请写入 drops。", \
      "{what} is not in the new pack, and records that hold it: {records}. Say `was` where it has a new name, or name it in `drops` if its data may go.") \
    X(PACK_CHANGE, "pack.change", ERR_REFUSED, "不能这样改", "Change not possible", "{what}不能从“{from}”改为“{to}”：{records} 条记录的值不合新的规定。请先在本市改动这些值；若换了种类，也可在 drops 中写明丢弃。", \
      "{what} cannot change from “{from}” to “{to}”: records whose values do not fit: {records}. Change these values in the city first; where the kind is another, `drops` may say that they go.") \
    X(PACK_HELD, "pack.held", ERR_REFUSED, "还在使用", "In use", "{what}在新政策包里没有了，而 {records} 条记录还在用它；请先在本市改动这些记录，或用 was 写明新的名称。", \
      "{what} is not in the new pack, and records that use it: {records}. Change these in the city first, or say `was` where it has a new name.") \
    X(PACK_OTHER, "pack.other", ERR_REFUSED, "不是本市的政策包", "Not this city's pack", "本市的政策包是 {city}，不能换成 {pack}。", \
      "The city has the pack {city}; it cannot become {pack}.") \
    /* ---- expressions ---- */                                                                                              \
    X(EXPR_SYNTAX, "expression.syntax", ERR_INVALID, "表达式语法有误", "Expression syntax", "第 {position} 个字符处：{reason}。",  \
      "At character {position}: {reason}.")                                                                                  \
    X(EXPR_NAME, "expression.name", ERR_INVALID, "表达式里有未知名称", "Unknown name in expression",                             \
      "第 {position} 个字符处：没有名为 {name} 的字段。", "At character {position}: there is no field named {name}.")            \
    X(EXPR_TYPE, "expression.type", ERR_INVALID, "表达式类型不符", "Expression types differ",                                    \
      "第 {position} 个字符处：{left}不能与{right}比较或运算。", "At character {position}: {left} does not go with {right}.")    \
    X(EXPR_CODE, "expression.code", ERR_INVALID, "没有此选项", "No such choice", "第 {position} 个字符处：{label}没有选项 {code}。", \
      "At character {position}: {label} has no choice {code}.") \
    X(EXPR_PARAMETER, "expression.parameter", ERR_INVALID, "没有此参数", "No such parameter", "第 {position} 个字符处：没有名为 {code} 的参数。", \
      "At character {position}: there is no parameter named {code}.") \
    X(EXPR_FILTER, "expression.filter", ERR_INVALID, "筛选条件不支持此写法", "Not possible in a filter",                         \
      "第 {position} 个字符处：筛选条件里不能用{what}。", "At character {position}: {what} cannot be used in a filter.")          \
    X(EXPR_LIMIT, "expression.limit", ERR_INVALID, "表达式过长或过深", "Expression too large",                                  \
      "表达式过长，或嵌套过深；请写短一些，少嵌套，少列举。",                                                                     \
      "The expression is too long or nests too deeply; make it shorter, nest less, and list fewer values.")                  \
    X(EXPR_COST, "expression.cost", ERR_INVALID, "筛选条件过于费时", "Filter takes too long",                                   \
      "筛选条件用时超过 {max} 毫秒，已停止；请减少嵌套的集合，或先用别的条件缩小范围。",                                          \
      "The filter took over {max} ms and was stopped; nest fewer collections, or narrow it by another condition first.")     \
    X(SEARCH_LONG, "search.long", ERR_INVALID, "查找的词太多", "Too many words", "最多 {words} 个词，共 {points} 个字。", \
      "At most {words} words, of {points} characters in all.") \
    X(EXPR_OVERFLOW, "expression.overflow", ERR_INVALID, "数值溢出", "Number too large", "表达式的计算结果超出范围。",             \
      "The result of the expression is out of range.")                                                                       \
    /* ---- templates ---- */                                                                                                \
    X(TEMPLATE_SYNTAX, "template.syntax", ERR_INTERNAL, "页面模板有误", "Page template is wrong",                                \
      "页面模板写法有误；请联系管理员。", "A page template is malformed; tell the operator.")                                    \
    X(TEMPLATE_PARTIAL, "template.partial", ERR_INTERNAL, "页面模板缺少部件", "Page template lacks a part",                      \
      "页面模板引用的部件不存在；请联系管理员。", "A page template asks for a part that does not exist; tell the operator.")     \
    X(TEMPLATE_LIMIT, "template.limit", ERR_INTERNAL, "页面过大", "Page too large",                                             \
      "页面内容过多，无法显示；请缩小范围后重试。", "The page holds too much to be shown; narrow it and try again.")             \
    /* ---- HTTP ---- */                                                                                                     \
    X(HTTP_MALFORMED, "http.malformed", ERR_MALFORMED, "HTTP 请求有误", "Malformed request", "请求不符合 HTTP/1.1。",            \
      "The request is not valid HTTP/1.1.")                                                                                  \
    X(HTTP_TARGET, "http.target", ERR_MALFORMED, "地址有误", "Malformed address", "请求的地址含有不允许的字符或编码。",            \
      "The address holds characters or escapes that are not allowed.")                                                       \
    X(HTTP_METHOD, "http.method", ERR_METHOD, "方法不适用", "Method not allowed", "此地址只接受 {allowed}。", "This address takes {allowed} only.") \
    X(HTTP_MEDIA, "http.media", ERR_MEDIA, "内容类型不对", "Wrong media type", "此地址只接受 {expected}。", "This address takes {expected} only.") \
    X(HTTP_MULTIPART, "http.multipart", ERR_MALFORMED, "表单有误", "Malformed form", "表单正文不是完好的 multipart/form-data。",     \
      "The body is not intact multipart/form-data.")                                                                         \
    X(HTTP_HEADERS, "http.headers", ERR_HEADERS, "请求头过大", "Headers too large", "请求头过多或过长。", "The headers are too many or too long.") \
    X(HTTP_BODY, "http.body", ERR_TOO_LARGE, "正文过大", "Body too large", "正文超过上限 {max} 字节。", "The body is over the limit of {max} bytes.") \
    X(HTTP_UNSUPPORTED, "http.unsupported", ERR_UNSUPPORTED, "不支持的 HTTP 功能", "HTTP feature not offered",                   \
      "不支持此 HTTP 功能。", "This HTTP feature is not offered.")                                                            \
    X(HTTP_VERSION, "http.version", ERR_VERSION, "HTTP 版本不支持", "HTTP version not offered", "只支持 HTTP/1.1 和 1.0。",       \
      "Only HTTP/1.1 and 1.0 are offered.")                                                                                  \
    X(HTTP_CROSS_SITE, "http.cross_site", ERR_DENIED, "来自其他网站的请求", "Request from another site",                         \
      "此请求来自其他网站或缺少表单凭证，已拒绝。请刷新页面后重试。",                                                             \
      "This request came from another site or lacks the form token. Reload the page and try again.")                         \
    X(HTTP_PARAMETER, "http.parameter", ERR_INVALID, "参数有误", "Bad parameter", "参数 {name} 应为 {expected}。",                \
      "The parameter {name} must be {expected}.")                                                                            \
    X(HTTP_PARAMETER_UNKNOWN, "http.parameter_unknown", ERR_INVALID, "未知参数", "Unknown parameter", "不认识参数 {name}。",       \
      "The parameter {name} is not known here.")                                                                             \
    X(QUERY_INVALID, "query.invalid", ERR_INVALID, "查询有误", "Query needs attention", "查询有 {count} 处需要更正。",           \
      "Parts of the query to correct: {count}.")                                                                             \
    X(QUERY_SORT, "query.sort", ERR_INVALID, "不能按此排序", "Not to be sorted by", "不能按{label}排序。", "A list cannot be sorted by {label}.") \
    X(HTTP_CURSOR, "http.cursor", ERR_INVALID, "翻页标记无效", "Cursor not valid", "翻页标记与此筛选不符或已损坏，请从第一页开始。", \
      "The cursor does not belong to this list; start from its first page.")                                                 \
    /* ---- signing in ---- */                                                                                               \
    X(SIGN_IN_NEEDED, "sign_in.needed", ERR_UNSIGNED, "请先登录", "Sign in first", "此操作须先登录。", "You must sign in for this.") \
    X(SIGN_IN_WRONG, "sign_in.wrong", ERR_UNSIGNED, "登录名或密码不对", "Wrong login or password",                              \
      "登录名或密码不对，请检查后再试。", "The login or the password is wrong; check both and try again.")                      \
    X(SIGN_IN_NO_MEMBERSHIP, "sign_in.no_membership", ERR_DENIED, "没有有效的任职", "No current membership",                    \
      "此人目前不属于任何机构，请联系本机构管理员。", "This person belongs to no organisation at present; ask your administrator.") \
    /* ---- records ---- */                                                                                                  \
    X(RECORD_UNSEEN, "record.unseen", ERR_UNSEEN, "没有此记录", "No such record", "没有此记录，或不对当前角色开放。",               \
      "There is no such record, or it is not open to you.")                                                                  \
    X(TYPE_UNKNOWN, "type.unknown", ERR_UNSEEN, "没有此类型", "No such type", "没有这个类型；可用：{known}。", "There is no such type; known are {known}.") \
    X(PAGE_UNSEEN, "page.unseen", ERR_UNSEEN, "没有此页", "No such page", "没有此页。", "There is no such page.")                  \
    X(CLOCK_BACK, "clock.back", ERR_REFUSED, "时钟不能倒退", "The clock goes forward only", "测试时钟只能向前；现在是 {now}。", "The test clock goes forward only; it is {now}.") \
    X(KEY_REUSED, "key.reused", ERR_INVALID, "同一个键配了另一份内容", "Same key, another body", "这个 Idempotency-Key 已用于内容不同的请求；新的请求请换一个键。", "This Idempotency-Key was used for a request with another body; a new request needs a new key.") \
    X(KEY_DONE, "key.done", ERR_REFUSED, "已经办过", "Done already", "带这个 Idempotency-Key 的请求已经办成；其答复含口令或令牌，不再给出。", "The request with this Idempotency-Key has been done; its answer may hold a secret and is not given again.") \
    X(PARAMETER_OVERLAP, "parameter.overlap", ERR_INVALID, "两行同时有效", "Two rows at once", "{code} 已有一行从 {from} 到 {to}，与这一行的日期重叠；请先改正日期。", "{code} has a row from {from} to {to} already, and its days overlap with these; correct the days first.") \
    X(WEBHOOK_URL, "webhook.url", ERR_INVALID, "此网址不能接收通知", "Not a URL for a webhook", "网址须以 https:// 开头（内网目标经 --private 允许后可用 http://），不含用户名、口令和 # 部分，端口为 80、443 或不小于 1024，不超过 {max} 字节。", "The URL begins with https:// (http:// for a private target that --private allows), has no user name, password or # part, a port of 80, 443 or from 1024 on, and at most {max} bytes.") \
    X(WEBHOOK_ADDRESS, "webhook.address", ERR_INVALID, "不能向此地址发送", "Address not allowed", "{host} 属于内网或特殊用途的地址。内网目标须由运营者以 --private 明确允许；链路本地、组播及云主机元数据等地址一律不允许。", "{host} is an address of a private or special network. An operator may allow a private one by --private; link-local, multicast, metadata and other special addresses are never allowed.") \
    X(WEBHOOK_NAME, "webhook.name", ERR_INVALID, "没有此名称", "No such name", "本城没有名为 {name} 的记录类型或步骤。", "This city has no type of record or step called {name}.") \
    X(WEBHOOK_MANY, "webhook.many", ERR_REFUSED, "网络通知过多", "Too many webhooks", "在用的网络通知已达上限；请先终止不用的。", "As many webhooks run as there may be; end one that is not needed.") \
    X(COMPUTATION_SIZE, "computation.size", ERR_REFUSED, "依据过多", "Too much to keep", "这一步所依据的内容超过 1 MB 或 2,000 条记录，无法留存供日后复算；请减少所引用的记录。", "What this step rests on is over 1 MB or 2,000 records and cannot be kept to be recomputed; have it rest on fewer.") \
    X(COMPUTATION_INPUT, "computation.input", ERR_MALFORMED, "不是该引擎的输入", "Not an input of that engine", "留存的输入不完整，或不属于这个引擎，不能复算。", "The kept input is incomplete or not one of that engine's; it cannot be recomputed.") \
    X(COMPUTATION_DIFFERS, "computation.differs", ERR_INTERNAL, "复算结果不同", "Not the same", "{what}。", "{what}.") \
    X(COMPUTATION_HIDDEN, "computation.hidden", ERR_DENIED, "不能复算", "Not for you to recompute", "只有看得到输入和结论的人可以复算。", "Only those who may see the input and the result can recompute it.") \
    X(COMPUTATION_ENGINE, "computation.engine", ERR_REFUSED, "没有这个引擎", "No such engine", "本程序没有该名称和版本的引擎，不能复算；请用当时的版本。", "This program has no engine of that name and version and cannot recompute it; use a release that has.") \
    X(LOG_RANGE, "log.range", ERR_INVALID, "日志里没有这个位置", "Not in the log", "日志的这棵树没有这么多叶子，或没有这个序号。", \
      "This tree of the log has no leaf of that number, or not that many.") \
    X(LOG_KEY, "log.key", ERR_INVALID, "不是日志公钥", "Not a key of a log", "这不是日志的公钥（形如 名称+8 位十六进制+base64），或其标识与内容不符。", "This is no key of a log (NAME+8 hex digits+base64), or its id is not that of what it holds.") \
    X(LOG_NOTE, "log.note", ERR_INVALID, "不是签名的检查点", "Not a signed checkpoint", "这不是签名的检查点（C2SP signed-note、tlog-checkpoint）。", "This is no signed checkpoint (C2SP signed-note, tlog-checkpoint).") \
    X(LOG_SIGNATURE, "log.signature", ERR_INVALID, "签名不符", "Signature does not verify", "检查点没有这把密钥的签名，或签名不符。", "The checkpoint has no signature of this key, or one that does not verify.") \
    X(LOG_NAME, "log.name", ERR_INVALID, "日志名称有误", "Not a name of a log", "日志名称用不带 https:// 的网址，如 log.example.org/evidence：可见的 ASCII 字符，不含空格和加号，不超过 200 个。", "A log is called by its address without https://, such as log.example.org/evidence: visible ASCII without spaces or plus signs, at most 200.") \
    X(LOG_BEHIND, "log.behind", ERR_BUSY, "只读：数据比已签署的旧", "Read-only: older than what was signed", "日志的密钥已签署过更长的日志：这份数据多半是从旧备份恢复的。再写下去会让日志分叉，因此本城只读。请恢复更新的备份；没有时，停止服务，执行 firstmile log DIR new，另起一份日志。", "The key of the log has signed a longer log: this is probably an old backup restored. To write on would fork the log, so the city is read-only. Restore a newer backup; if there is none, stop the server and begin another log by firstmile log DIR new.") \
    X(LOG_FORKED, "log.forked", ERR_BUSY, "只读：数据与已签署的不同", "Read-only: not what was signed", "日志的密钥签署过另一份内容：这份数据不是它的延续。再写下去会让日志分叉，因此本城只读。请用 firstmile log DIR check 查明，并恢复正确的备份；没有时，停止服务，执行 firstmile log DIR new，另起一份日志。", "The key of the log has signed other contents, which this data does not continue. To write on would fork the log, so the city is read-only. Find the place by firstmile log DIR check and restore the right backup; if there is none, stop the server and begin another log by firstmile log DIR new.") \
    X(LOG_KEYLESS, "log.keyless", ERR_BUSY, "只读：没有日志密钥", "Read-only: no key of the log", "密钥目录里没有这份日志的密钥（log-*.key）或它签署过什么的记录（log-*.state），因此本城只读。请把它们放回；密钥丢失时，停止服务，执行 firstmile log DIR new，另起一份日志。", "The folder of the keys has no key of this log (log-*.key), or no record of what it has signed (log-*.state), so the city is read-only. Put them back; if the key is lost, stop the server and begin another log by firstmile log DIR new.") \
    X(RECEIPT_FORM, "receipt.form", ERR_INVALID, "不是完好的回执", "Not an intact receipt", "这不是回执，或被截断、改动过：{where}。", "This is no receipt, or it was cut off or changed: {where}.") \
    X(RECEIPT_PROOF, "receipt.proof", ERR_INVALID, "不在日志里", "Not in the log", "回执所说的事件不在所签署的日志里：盐、清单或路径被改动过，或属于另一棵树。", "The event of this receipt is not in the log that was signed: salt, manifest or path were changed, or are of another tree.") \
    X(RECEIPT_VALUE, "receipt.value", ERR_INVALID, "公开的值不符", "A value does not match", "公开的 {name} 不是清单所承诺的值。", "The value given for {name} is not the one that the manifest commits to.") \
    X(RECEIPT_HIDDEN, "receipt.hidden", ERR_DENIED, "不能出具这张回执", "Not a receipt for you", "这一步涉及不能查看的内容（经办人、其他记录或字段），其清单会透露这些。请由能看到全部内容的人索取。", "This step names what you may not see (who took it, another record, a field), and its manifest would tell. Somebody who sees all of it can ask for the receipt.") \
    X(STAMP_FORM, "stamp.form", ERR_INVALID, "不是时间戳", "Not a time stamp", "这不是完好的时间戳（RFC 3161）：{why}。", "This is no intact time stamp (RFC 3161): {why}.") \
    X(STAMP_IMPRINT, "stamp.imprint", ERR_INVALID, "时间戳与检查点不符", "Time stamp of something else", "时间戳不是盖在这个检查点上的，或检查点已被改动。", "The time stamp is not over this checkpoint, or the checkpoint was changed.") \
    X(STAMP_TIME, "stamp.time", ERR_INVALID, "时间戳的时间不合", "Time of the time stamp does not fit", "时间戳晚于用来判断它的时间，或早晚次序不对，或不在其证书的有效期内。", "The time stamp is later than the moment as of which it is judged, out of order, or outside the validity of its own certificate.") \
    X(STAMP_EXPIRED, "stamp.expired", ERR_INVALID, "时间戳证书已过期", "Certificate of the time stamp has ended", "签署时间戳的证书（或其上级）已过期，此后它不再证明什么。若另有把握这个时间戳在某日之前已存在、证书未被吊销，可用 --at 按那一日判断。", "The certificate that signed the time stamp, or one above it, has ended and vouches for nothing since. If you know by other means that the time stamp existed by some day and the certificate had not been revoked, judge as of that day by --at.") \
    X(STAMP_CERTIFICATE, "stamp.certificate", ERR_INVALID, "时间戳证书不可信", "Certificate of the time stamp not trusted", "签署时间戳的证书不是由所给的 CA 签发的，或不是用于时间戳的：{why}。", "The certificate that signed the time stamp is of no CA that was given, or not one for time stamps: {why}.") \
    X(STAMP_SIGNATURE, "stamp.signature", ERR_INVALID, "时间戳签名不符", "Signature of the time stamp does not verify", "时间戳的签名不符：{why}。", "The signature of the time stamp does not verify: {why}.") \
    X(STAMP_NONE, "stamp.none", ERR_INVALID, "没有时间戳", "No time stamp", "回执里没有时间戳，不能证明时间。日志盖上时间戳之后再取一张即可。", "The receipt has no time stamp and proves no time. One that is fetched after the log was stamped has it.") \
    X(STAMP_CA, "stamp.ca", ERR_INVALID, "不是 CA 证书", "Not certificates of a CA", "请给出 PEM 格式的 CA 证书，合计不超过 {max} 字节。", "Give the certificates of the CA in PEM, at most {max} bytes in all.") \
    X(STAMP_ANSWER, "stamp.answer", ERR_INVALID, "时间戳机构答非所问", "Not an answer to what was asked", "时间戳机构没有答复，或答复不是对这次请求的：{why}。", "The time-stamping authority gave no answer, or none to this request: {why}.") \
    X(STAMP_AUTHORITY, "stamp.authority", ERR_INVALID, "时间戳机构设置有误", "Authority not set as it must be", "第 {line} 行有误。每行一项：url 网址（必填），ca PEM 文件（必填，相对于设置文件），policy OID，every 秒数（1 到 {max}）；# 开头的为注释。", "Line {line} is wrong. One a line: url URL (needed), ca FILE.pem (needed, as seen from the file), policy OID, every SECONDS (1 to {max}); what begins with # is a comment.") \
    X(LOG_CHECK, "log.check", ERR_INVALID, "有不符之处", "Not intact", "核对发现不符之处。", "Places were found that do not fit.") \
    X(LOG_DAMAGED, "log.damaged", ERR_INTERNAL, "存证日志损坏", "Log damaged", "存证日志的数据互不相符；请用 firstmile log DIR check 查明，并从备份恢复。", "The evidence log does not fit itself; find the place by firstmile log DIR check, and restore a backup.") \
    X(LOG_POLICY, "log.policy", ERR_INVALID, "见证策略有误", "Not a witness policy", "见证策略（C2SP tlog-policy）第 {line} 行有误。每行以 log、witness、group 或 quorum 开头；所用的名称须在前面定义，一个名称只属于一个组，密钥不重复，quorum 恰有一行。", "Line {line} of the witness policy (C2SP tlog-policy) is wrong. Each begins with log, witness, group or quorum; names are defined before they are used, each is in one group at most, no key comes twice, and there is exactly one quorum.") \
    X(LOG_UNWITNESSED, "log.unwitnessed", ERR_INVALID, "见证不足", "Not witnessed enough", "检查点没有策略所要求的见证签名；缺少：{names}。", "The checkpoint lacks cosignatures that the policy asks for; missing are: {names}.") \
    X(LOG_POLICY_OTHER, "log.policy_other", ERR_INVALID, "策略不含此日志", "The policy is of other logs", "见证策略列出的日志里没有这一份：{log}", "The witness policy lists logs, and this one is not among them: {log}") \
    X(LOG_POLICY_URL, "log.policy_url", ERR_INVALID, "见证方的网址有误", "Not a witness's address", "见证方 {name} 没有可用的网址：应为 https://…，内网可用 http://，不含用户名、参数和 #。", "The witness {name} has no address that can be used: https://…, or http:// in a network of one's own, without user name, query or #.") \
    X(WITNESS_EXISTS, "witness.exists", ERR_REFUSED, "已有见证方", "Witness exists", "{dir} 里已有见证方。", "There is already a witness in {dir}.") \
    X(WITNESS_MISSING, "witness.missing", ERR_UNSEEN, "没有此见证方", "No such witness", "{dir} 里没有见证方；先运行 firstmile witness new。", "There is no witness in {dir}; run firstmile witness new first.") \
    X(WITNESS_LOG, "witness.log", ERR_REFUSED, "已在见证此日志", "Log is watched already", "这个见证方已在见证名为 {name} 的日志。", "This witness watches a log called {name} already.") \
    X(MAIL_ADDRESS, "mail.address", ERR_INVALID, "邮箱地址有误", "Not a mail address", "请写作 name@example.org：只用 ASCII 字符，不超过 254 个，不带引号和空格。", "Write name@example.org: ASCII, at most 254 characters, no quotes, no spaces.") \
    X(MAIL_CODE, "mail.code", ERR_INVALID, "确认码不对", "Wrong code", "确认码不对，或已失效：每个确认码一天内有效，最多试 {max} 次；可以再要一个。", "The code is wrong or no longer valid: one is good for a day and for {max} attempts; ask for another.") \
    X(MAIL_CODES, "mail.codes", ERR_REFUSED, "确认码要得太多", "Too many codes", "一天内最多发 {max} 个确认码，请明天再试。", "At most {max} codes are sent in a day; try again tomorrow.") \
    X(MAIL_NONE, "mail.none", ERR_REFUSED, "不发邮件", "No mail here", "本城没有设置邮件发送，通知只在页面上。", "This city sends no mail; notices stand on their page.") \
    X(MAIL_RELAY, "mail.relay", ERR_INVALID, "邮件中继设置有误", "Relay not set as it must be", "{field} 有误：url 为 smtp://主机[:端口] 或 smtps://主机[:端口]；from 为邮箱地址；link 为 https://主机[:端口]，末尾不带斜杠；login 与 password 同时给出或都不给，不超过 256 字节，不含控制字符。", "{field} is not right: url is smtp://HOST[:PORT] or smtps://HOST[:PORT]; from a mail address; link https://HOST[:PORT] without a slash at its end; login and password come together or not at all, at most 256 bytes each, without control characters.") \
    X(RECORD_STALE, "record.stale", ERR_STALE, "记录已被他人修改", "Changed by somebody else",                                  \
      "打开后此记录已被修改（现为第 {version} 版）。请重新打开，再作修改。",                                                     \
      "This record changed since you opened it (now version {version}). Open it again and repeat your change.")              \
    X(RECORD_NO_MATCH, "record.no_match", ERR_PRECONDITION, "缺少 If-Match", "If-Match is missing",                             \
      "修改须带 If-Match 请求头，写明所依据的版本。", "A change needs the header If-Match with the version it rests on.")        \
    X(RECORD_CONTENDED, "record.contended", ERR_REFUSED, "多人同时修改", "Changed by several at once",                           \
      "多人正在同时修改，三次未成；数据没有改变，请再试。", "Several people change this at once; nothing was changed, try again.") \
    X(RECORD_INVALID, "record.invalid", ERR_INVALID, "内容有误", "Fields need attention", "有 {count} 处需要更正。",               \
      "Fields to correct: {count}.")                                                                                \
    X(ACTION_UNKNOWN, "action.unknown", ERR_UNSEEN, "没有此步骤", "No such step", "没有步骤 {action}。", "There is no step {action}.") \
    X(ACTION_DENIED, "action.denied", ERR_DENIED, "此角色不能办理", "Not for your role", "步骤“{action}”由{who}办理。",            \
      "The step “{action}” is taken by {who}.")                                                                              \
    X(ACTION_REFUSED, "action.refused", ERR_REFUSED, "条件未满足", "Conditions not met", "此步骤现在不能办理，未满足的条件：{count} 项。", \
      "This step cannot be taken now. Conditions not met: {count}.")                                                         \
    X(ACTION_STATE, "action.state", ERR_REFUSED, "状态不符", "Not in this state", "步骤“{action}”须在“{needed}”状态办理，现为“{found}”。", \
      "The step “{action}” needs the state “{needed}”; the record is “{found}”.")                                            \
    X(ACTION_UNCONFIRMED, "action.unconfirmed", ERR_REFUSED, "政策参数未核对", "Policy parameter not confirmed", "这一步有约束力，而它所依据的政策参数“{parameter}”还没有对照文件核对；可由{who}核对。", "This step is binding, and the policy parameter {parameter} that it rests on has not been checked against its document; it can be confirmed by: {who}.") \
    X(ACTION_CLAUSE, "action.clause", ERR_REFUSED, "条件未满足", "Condition not met", "要求：{rule}；现有：{found}。", "Needed: {rule}; found: {found}.") \
    X(ACTION_CLAUSE_HIDDEN, "action.clause_hidden", ERR_REFUSED, "不可见的条件", "A condition you may not see",                 \
      "有一项不可见的条件。", "There is a condition you may not see.")                                                     \
    X(ACTION_CARRIED, "action.carried", ERR_REFUSED, "连带的步骤不能办理", "A step that goes with it cannot be taken", "连带的步骤“{action}”（{record}）不能办理：{why}", \
      "The step “{action}” that goes with it cannot be taken on {record}: {why}") \
    X(ACTION_CARRY_LIMIT, "action.carry_limit", ERR_REFUSED, "连带的步骤过多", "Too many steps go with it", "这一步连带的记录超过 {max} 条。", \
      "More than {max} records would be stepped on with this one.") \
    X(ACTION_SOME, "action.some", ERR_REFUSED, "有的记录未办理", "Not all were taken", "有 {count} 条记录没有办理。", "Records left as they are: {count}.") \
    X(EFFECT_SIZE, "effect.size", ERR_INVALID, "结果过大", "Too much came of it", "{label}将有 {found}，最多 {max}。", \
      "{label} would have {found}; at most {max} are allowed.") \
    X(SCREENING_FEW, "screening.few", ERR_REFUSED, "专家不足", "Too few experts", "{group}组可参加抽取的专家有 {found} 人，需要 {needed} 人；截止之前可以调整席位，或请主管部门补充专家库。", \
      "{group}: {found} experts can take part in the draw, {needed} are needed; until the call is closed seats can be changed, or experts put on the roster.") \
    X(SCREENING_UNSCORED, "screening.unscored", ERR_REFUSED, "还没有评分", "Nothing is scored yet", "这一轮还没有已提交的评审。", \
      "No review of this round has been submitted yet.") \
    X(TRIALS_MANY, "trials.many", ERR_REFUSED, "试验过多", "Too many trials", "计划中的试验有 {found} 项，最多排 {max} 项。", \
      "There are {found} planned trials; at most {max} are put in order.") \
    X(TRIALS_CYCLE, "trials.cycle", ERR_REFUSED, "试验的先后成环", "Trials come after each other in a circle", "这些试验互相排在对方之后：{trials}。", \
      "These trials come after each other: {trials}.") \
    X(TRIALS_SETS, "trials.sets", ERR_REFUSED, "可能的次序过多", "Too many orders are possible", "先后关系留下的可能次序过多，不能逐一比较；请补充先后关系，或分成几条路线。", \
      "Too many orders are left to compare all of them: say more of which trial comes after which, or split the route.") \
    X(SCREENING_CRITERION, "screening.criterion", ERR_INVALID, "没有这条准则", "No such criterion", "这一轮没有准则“{criterion}”。", \
      "The round has no criterion “{criterion}”.") \
    X(SCREENING_TWICE, "screening.twice", ERR_INVALID, "准则重复", "Criterion scored twice", "准则“{criterion}”打了两次分。", \
      "The criterion “{criterion}” has two scores.") \
    X(FIELD_UNKNOWN, "field.unknown", ERR_INVALID, "没有此字段", "No such field", "没有名为 {field} 的字段。", "There is no field named {field}.") \
    X(FIELD_READ_ONLY, "field.read_only", ERR_INVALID, "字段不可填", "Field not taken here", "{label}不在这一步填写。", \
      "{label} is not taken by this step.") \
    X(ACTION_CLOCK, "action.clock", ERR_REFUSED, "期限无从计算", "The time limit cannot be counted", "“{clock}”的天数（参数 {parameter}）在 {day} 没有可用的取值，应为 1 到 {most} 的整数，且截止日不晚于 9999 年。", \
      "The days of \"{clock}\" (parameter {parameter}) have no usable value on {day}: it must be a whole number from 1 to {most}, with a last day before the year 10000.") \
    X(ACTION_UNTIL, "action.until", ERR_REFUSED, "截止日不可用", "The last day cannot be used", "“{clock}”以{label}为截止日：它没有填，或在 {most} 天之外。", \
      "The last day of \"{clock}\" is {label}, which is missing or more than {most} days away.") \
    X(FIELD_REQUIRED, "field.required", ERR_INVALID, "必填", "Required", "请填写{label}。", "Fill in {label}.")                   \
    X(FIELD_KIND, "field.kind", ERR_INVALID, "类型不对", "Wrong kind", "{label}应为{expected}。", "{label} must be {expected}.")   \
    X(FIELD_LONG, "field.long", ERR_INVALID, "过长", "Too long", "{label}有 {found} 个字，最多 {max} 个。",                        \
      "{label} has {found} characters; at most {max} are allowed.")                                                          \
    X(FIELD_RANGE, "field.range", ERR_INVALID, "超出范围", "Out of range", "{label}应在 {min} 到 {max} 之间，现为 {found}。",       \
      "{label} must be from {min} to {max}; found {found}.")                                                                 \
    X(FIELD_CHOICE, "field.choice", ERR_INVALID, "不在选项中", "Not one of the choices", "{label}只能是：{known}。",                \
      "{label} must be one of: {known}.")                                                                                    \
    X(FIELD_TEXT, "field.text", ERR_INVALID, "含有不可用的字符", "Characters not allowed", "{label}含有控制字符。",                 \
      "{label} contains control characters.")                                                                                \
    X(FIELD_REFERENCE, "field.reference", ERR_INVALID, "没有所引用的记录", "No such record", "{label}引用的记录不存在。",            \
      "{label} names a record that does not exist.")                                                                         \
    X(FIELD_RULE, "field.rule", ERR_INVALID, "不符合规定", "A rule is not met", "要求：{rule}；现有：{found}。", "Needed: {rule}; found: {found}.") \
    X(FIELD_TWICE, "field.twice", ERR_INVALID, "重复", "Given twice", "第 {row} 行的{label}与第 {first} 行相同。", "Row {row} has the same {label} as row {first}.") \
    X(FIELD_UNIQUE, "field.unique", ERR_INVALID, "已有相同的值", "Already taken", "已有记录的{label}与此相同。", "There is a record with the same {label} already.") \
    X(FIELD_ITEMS, "field.items", ERR_INVALID, "项数过多", "Too many items", "{label}有 {found} 项，最多 {max} 项。", "{label} has {found} items; at most {max} are allowed.") \
    X(FIELD_FILE, "field.file", ERR_INVALID, "没有此文件", "No such file", "{label}：没有此上传文件，或已超过一天，或不是本人上传；请重新上传。", "{label}: there is no such upload of yours of the last day; upload the file again.") \
    X(FIELD_FILE_TYPE, "field.file_type", ERR_INVALID, "文件类型不收", "File type not taken", "{label}不收“{name}”这类文件，只收：{known}。", "{label} does not take “{name}”, only: {known}.") \
    X(FIELD_FILE_SIZE, "field.file_size", ERR_INVALID, "文件过大", "File too large", "{label}的文件“{name}”超过 {max} MB。", "The file “{name}” of {label} is larger than {max} MB.") \
    /* ---- files ---- */ \
    X(FILE_NAME, "file.name", ERR_INVALID, "文件名不可用", "File name not usable", "文件须有可用的文件名（UTF-8，带扩展名）。", "The file needs a usable name (UTF-8, with an ending).") \
    X(FILE_EMPTY, "file.empty", ERR_INVALID, "文件是空的", "The file is empty", "文件“{name}”没有内容。", "The file “{name}” has nothing in it.") \
    X(FILE_TYPE, "file.type", ERR_INVALID, "文件类型不收", "File type not taken", "不收“{name}”这类文件；收：{known}。", "Files such as “{name}” are not taken; those that are: {known}.") \
    X(FILE_CONTENT, "file.content", ERR_INVALID, "内容与扩展名不符", "Not what its name says", "文件“{name}”的内容与扩展名不符，请检查后重新上传。", "The file “{name}” is not what the ending of its name says; check it and upload it again.") \
    X(FILE_PENDING, "file.pending", ERR_RATE, "待用的上传过多", "Too many uploads waiting", "已上传的文件还有很多没有放进记录；请先使用它们，或明天再传。", "Many files that you uploaded are in no record yet; use them first, or come back tomorrow.") \
    X(FILE_NOT_TAKEN, "file.not_taken", ERR_DENIED, "这里不收文件", "No files taken here", "在这条记录上，当前角色没有可以上传文件的步骤。", "No step that you may take on this record takes a file.") \
    /* ---- jobs ---- */                                                                                                      \
    X(JOB_MANY, "job.many", ERR_INVALID, "任务过多", "Too many jobs", "已有 {max} 个任务没有结束，请等其中一个结束或取消它。",      \
      "{max} jobs of yours have not ended; wait for one, or cancel it.")                                                     \
    X(JOB_STOPPED, "job.stopped", ERR_REFUSED, "任务已停止", "The job was stopped", "任务已取消或已结束，没有再进行。",            \
      "The job was cancelled or has ended; nothing more was done.")                                                          \
    X(JOB_LEFT, "job.left", ERR_BUSY, "任务没有做完", "The job is not finished",                                               \
      "已停下；用 --resume {job} 继续。城市在服务时任务自行继续。",                                                              \
      "Stopped here; go on with --resume {job}. Where a server serves the city, the job goes on by itself.")                 \
    X(JOB_FAILED, "job.failed", ERR_INVALID, "任务未完成", "The job failed", "{reason}", "{reason}")                           \
    X(JOB_NONE, "job.none", ERR_REFUSED, "没有批量任务", "No jobs here",                                                         \
      "本城市的政策包没有批量任务（job）这一类型；先用 pack apply 换上新的政策包。",                                              \
      "The pack of this city has no type job; put a newer pack into it with pack apply.")                                    \
    /* ---- import ---- */                                                                                                   \
    X(IMPORT_HEADER, "import.header", ERR_INVALID, "表头不符", "Header does not fit", "不是“{type}”的字段：{columns}；可用：{known}。列名不同时可以逐列对照（命令行用 --map）。", \
      "Not fields of “{type}”: {columns}; known are {known}. Columns of other names can be matched by hand (on the command line with --map).")                                                  \
    X(IMPORT_SAME, "import.same", ERR_INVALID, "两列同名", "Two columns of one name", "文件里有几列都叫 {column}；对照前请改成不同的列名。", \
      "More than one column of the file is called {column}; give them different names before they are mapped.") \
    X(IMPORT_HEADLESS, "import.headless", ERR_INVALID, "文件是空的", "The file is empty", "文件里没有一行内容；第一行应写列名。", "There is no row in the file; its first row names the columns.") \
    X(IMPORT_FORMAT, "import.format", ERR_INVALID, "文件格式不认识", "File format not known",                                     \
      "{file} 不是 .csv、.jsonl（或其 .gz）、.xlsx。", "{file} is not a .csv, .jsonl (or one of these as .gz) or .xlsx file.")   \
    X(IMPORT_SHEET, "import.sheet", ERR_INVALID, "文件没有工作表", "A file without sheets", "{file} 不是 .xlsx，没有工作表可选；请去掉 sheet。", "{file} is no .xlsx and has no sheets to choose from; leave sheet out.") \
    X(IMPORT_MAP, "import.map", ERR_INVALID, "对照文件有误", "Mapping file has a problem",                                       \
      "对照文件应为 JSON 对象，键为字段名，值为来源列名。",                                                                       \
      "The mapping file must be a JSON object from field names to source columns.")                                          \
    X(IMPORT_COLUMN, "import.column", ERR_INVALID, "没有来源列", "No such source column", "文件里没有对照文件所写的列 {column}；文件有：{known}。", \
      "The file has no column {column}, which the mapping names; it has {known}.") \
    X(IMPORT_TWICE, "import.twice", ERR_INVALID, "两列同一字段", "Two columns for one field", "列 {column} 和 {other} 都是“{field}”。", \
      "The columns {column} and {other} both are “{field}”.") \
    X(IMPORT_LINE, "import.line", ERR_MALFORMED, "不是 JSON 对象", "Not a JSON object", "这一行不是一个 JSON 对象。", "The line is not a JSON object.") \
    X(IMPORT_EMPTY, "import.empty", ERR_INVALID, "没有文件", "No file", "请选择一个文件。", "Choose a file.")                      \
    X(IMPORT_CELLS, "import.cells", ERR_MALFORMED, "列数不符", "Wrong number of cells",                                         \
      "这一行有 {found} 列，表头有 {expected} 列。", "The row has {found} cells; the header has {expected}.")                     \
    X(IMPORT_AMBIGUOUS, "import.ambiguous", ERR_INVALID, "编号不唯一", "Number of several records",                             \
      "编号 {number} 是几条记录的；请改填标识（id）。", "{number} is the number of several records; give the id instead.")          \
    X(IMPORT_AGAIN, "import.again", ERR_INVALID, "文件里重复", "Twice in the file",                                            \
      "{label}与文件里前面一行相同，不得重复。", "{label} is the same as in an earlier row of the file; it must not repeat.")       \
    X(IMPORT_ROWS, "import.rows", ERR_INVALID, "有行未被接受", "Rows were refused", "{refused} 行未被接受。", "Rows refused: {refused}.") \
    /* ---- command line ---- */                                                                                             \
    X(USAGE, "usage", ERR_USAGE, "用法不对", "Wrong usage", "{reason}", "{reason}")                                             \
    X(LOGIN_UNKNOWN, "login.unknown", ERR_UNSEEN, "没有此登录名", "No such login", "没有登录名 {login}。", "There is no login {login}.") \
    X(LOGIN_FORM, "login.form", ERR_INVALID, "登录名不合规", "Login not allowed", "登录名只能用字母、数字和 . _ - @，不超过 {max} 个字符。", \
      "A login has letters, digits and . _ - @ only, at most {max} of them.") \
    X(PASSWORD_LENGTH, "password.length", ERR_INVALID, "密码过短或过长", "Password too short or too long", "密码至少 {min} 个字符，不超过 {max} 字节。", \
      "A password has at least {min} characters and at most {max} bytes.") \
    X(LOGIN_TAKEN, "login.taken", ERR_REFUSED, "登录名已被使用", "Login in use", "登录名 {login} 已被使用。", "The login {login} is already in use.")

#endif
