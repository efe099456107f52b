/* Writes answers.sas7bdat and labels.sas7bcat. Compile with the C sources of ReadStat. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include "readstat.h"

static ssize_t to_file(const void *bytes, size_t length, void *file) {
    return write(*(int *)file, bytes, length);
}

static void write_file(const char *name, int catalogue) {
    const char *ids[] = {"S1", "S2", "S3", "S4"};
    const double calm[] = {1, 2, 5}, seen[] = {23436, 23437, 0, 23440};
    int file = open(name, O_CREAT | O_TRUNC | O_WRONLY, 0644);
    readstat_writer_t *writer = readstat_writer_init();
    readstat_set_data_writer(writer, to_file);
    readstat_writer_set_file_label(writer, "made by ReadStat");
    readstat_writer_set_file_timestamp(writer, 1700000000);
    readstat_label_set_t *set = readstat_add_label_set(writer, READSTAT_TYPE_DOUBLE, "FREQ");
    readstat_label_double_value(set, 1, "Never");
    readstat_label_double_value(set, 2, "Rarely");
    readstat_label_double_value(set, 5, "Always");
    if (catalogue) {
        readstat_begin_writing_sas7bcat(writer, &file);
    } else {
        readstat_variable_t *id = readstat_add_variable(writer, "ID", READSTAT_TYPE_STRING, 8);
        readstat_variable_t *item = readstat_add_variable(writer, "CALM1", READSTAT_TYPE_DOUBLE, 8);
        readstat_variable_t *day = readstat_add_variable(writer, "SEEN", READSTAT_TYPE_DOUBLE, 8);
        readstat_variable_set_label(item, "I felt calm");
        readstat_variable_set_format(item, "FREQ");
        readstat_variable_set_format(day, "DATE9");
        readstat_begin_writing_sas7bdat(writer, &file, 4);
        for (int i = 0; i < 4; i++) {
            readstat_begin_row(writer);
            readstat_insert_string_value(writer, id, ids[i]);
            if (i == 3) readstat_insert_tagged_missing_value(writer, item, 'B');
            else readstat_insert_double_value(writer, item, calm[i]);
            if (i == 2) readstat_insert_missing_value(writer, day);
            else readstat_insert_double_value(writer, day, seen[i]);
            readstat_end_row(writer);
        }
    }
    readstat_end_writing(writer);
    readstat_writer_free(writer);
    close(file);
}

int main(void) {
    write_file("answers.sas7bdat", 0);
    write_file("labels.sas7bcat", 1);
    return 0;
}
