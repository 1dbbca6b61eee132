/* kernel/backup.h: a city in one file, and back.
 *
 * File     a bundle (kernel/bundle.h), of city.db, the database as of one moment, with events, record tables, frozen
 *          packs and operational tables. It never holds a key, nor anything that was erased before. Its owner alone may
 *          read it. While it is made there must be room for the database twice.
 * Writing  from a connection of its own, in this process, whether another one serves the city or not: the writer goes
 *          on. The file stands under its name only when it is whole, checked and on the disk.
 * Files    those that an event of that moment holds (kernel/file_store.h), each once; what was uploaded and is in no
 *          record yet is left out.
 * Keys     a city needs its key (DIR/keys/secret) to know passwords. Keep it apart from the backups. A city that is
 *          restored without it gets a new one, and everybody needs a new password; tokens go on.
 * Sessions end with a restore: whoever was signed in to the one city is not signed in to the other. */
#ifndef FM_KERNEL_BACKUP_H
#define FM_KERNEL_BACKUP_H

#include "kernel/city.h"

#define BACKUP_COPY ".firstmile-copy" /* behind the file's name: the database, before it goes into it */

typedef struct BackupAbout {
    int64_t events;  /* all of them, from the first */
    int64_t last_ms; /* time of the last one; 0: none */
    int64_t bytes;   /* of the file */
    int64_t files;   /* of people, that a record holds or held */
    int64_t file_bytes;
    bool    new_key; /* restored: passwords are to be given anew */
    bool    new_log; /* restored: without the key of the city's log; it has another one */
    Err     closed;  /* restored: why no event can be written (city_writes) */
} BackupAbout;

/* Errors: ECODE_CITY_MISSING; ECODE_STORE_CORRUPT when the city itself is damaged; those of the file system. */
Err backup_write(Str dir, Str file, const DbWatch *watch, BackupAbout *out) MUST_CHECK;
/* Fills an empty folder with the city in file. Every byte is held against the file's manifest, the database is checked
 * page by page, and each event against its own manifest. key_dir as in city_open(); a key that is there already must be
 * the city's (ECODE_CITY_KEY_WRONG). ECODE_BACKUP_FOREIGN, ECODE_BACKUP_DAMAGED, ECODE_STORE_NEWER. What it leaves
 * after an error is the caller's to remove. */
Err backup_restore(Str file, Str dir, Str key_dir, Env env, const DbWatch *watch, BackupAbout *out) MUST_CHECK;

#endif
