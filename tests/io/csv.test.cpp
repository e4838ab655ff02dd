// SPDX-License-Identifier: Apache-2.0
// Tables of metrics grow by whole rows, keep every digit, and can be taken up again at a given row.
#include <akin/io/csv.hpp>

#include <doctest/doctest.h>

#include "support/files.hpp"

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>

TEST_CASE("rows appear at once, numbers with the digits they need") {
  const temporary_folder folder;
  akin::csv_writer table(folder / "x", {"step", "loss", "note"});
  table.row(1, 0.1f, "start");
  CHECK(akin::read_file(folder / "x") == "step,loss,note\n1,0.1,start\n");
  table.row(std::int64_t{1} << 60, 0.1 + 0.2, "");
  table.row(true, std::numeric_limits<double>::quiet_NaN(), 'c');
  table.row(std::uint8_t{7}, -std::numeric_limits<float>::infinity(), std::string("x"));
  CHECK(akin::read_file(folder / "x") ==
        "step,loss,note\n1,0.1,start\n1152921504606846976,0.30000000000000004,\ntrue,nan,c\n7,-inf,x\n");
  CHECK(table.rows() == 4);
}

TEST_CASE("cells are quoted where readers need it") {
  const temporary_folder folder;
  akin::csv_writer table(folder / "x", {"a,b", "c"});
  table.row("say \"x\"", "two\nlines");
  CHECK(akin::read_file(folder / "x") == "\"a,b\",c\n\"say \"\"x\"\"\",\"two\nlines\"\n");
  akin::csv_writer narrow(folder / "y", {"a"});
  narrow.row("");
  CHECK(akin::read_file(folder / "y") == "a\n\"\"\n");
}

TEST_CASE("a table is taken up where it should go on") {
  const temporary_folder folder;
  const std::string path = folder / "x";
  {
    akin::csv_writer table(path, {"step", "note"});
    for (int step = 0; step < 5; ++step) table.row(step, "a\n\"b\"");
  }
  const std::string whole = akin::read_file(path);
  folder.put("x", whole + "5,torn");
  akin::csv_writer table = akin::csv_writer::resume(path, {"step", "note"}, 5);
  CHECK(akin::read_file(path) == whole);
  akin::csv_writer shorter = akin::csv_writer::resume(path, {"step", "note"}, 2);
  CHECK(shorter.rows() == 2);
  for (int step = 2; step < 5; ++step) shorter.row(step, "a\n\"b\"");
  CHECK(akin::read_file(path) == whole);
  akin::csv_writer emptied = akin::csv_writer::resume(path, {"step", "note"}, 0);
  CHECK(akin::read_file(path) == "step,note\n");
}

TEST_CASE("mistakes are one sentence and leave the file as it was") {
  const temporary_folder folder;
  const std::string path = folder.put("x", "a,b\n1,2\n3,");
  CHECK(contains(sentence_of([&] { akin::csv_writer::resume(path, {"a", "c"}, 0); }), "expected a,c"));
  CHECK(contains(sentence_of([&] { akin::csv_writer::resume(path, {"a", "b"}, 2); }), "has 1 whole rows, expected at least 2"));
  CHECK(akin::read_file(path) == "a,b\n1,2\n3,");
  CHECK(contains(sentence_of([&] { akin::csv_writer::resume(folder / "missing", {"a"}, 0); }), "No such file"));
  CHECK_FALSE(std::filesystem::exists(folder / "missing"));
  akin::csv_writer table = akin::csv_writer::resume(path, {"a", "b"}, 1);
  CHECK(contains(sentence_of([&] { table.row(1); }), "row 1: got 1 cells, expected 2"));
  CHECK(contains(sentence_of([&] { akin::csv_writer none(folder / "y", {}); }), "at least one column"));
  CHECK(contains(sentence_of([&] { akin::csv_writer none(folder.path(), {"a"}); }), "Is a directory"));
}

TEST_CASE("a full disk is named") {
  if (!std::filesystem::exists("/dev/full")) return;
  CHECK(sentence_of([] { akin::csv_writer table("/dev/full", {"a"}); }) ==
        "csv: cannot write '/dev/full' after 0 rows: No space left on device");
}
