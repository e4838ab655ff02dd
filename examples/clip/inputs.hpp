// SPDX-License-Identifier: Apache-2.0
// What the command line names: images in files and folders, lines of text.
#pragma once

#include "embedder.hpp"

#include <functional>
#include <span>
#include <string>
#include <vector>

namespace clip_program {

/// Counts on standard error the files of folders that are no images by their names, where there are such.
void say_left_out(std::int64_t files);
/// Names on standard error the folders that could not be read; returns how many.
std::size_t say_unreadable(const std::vector<akin::skipped_image>& folders);

/// Image files that a command line names.
struct image_list {
  std::vector<std::string> paths;
  std::size_t skipped_folders = 0;
};
/// Files as they are given, "./a.png" as "a.png"; a folder stands for the images in it and below. What else is there is counted on standard
/// error, and folders that cannot be read are named there.
image_list list_images(const std::vector<std::string>& given);

/// Counts on standard error what was not UTF-8, where there is such.
void say_replaced(std::int64_t places, const std::string& where);
/// Texts in which U+FFFD stands for what is not UTF-8; where there is such, it is counted on standard error.
std::vector<std::string> valid_texts(std::vector<std::string> texts, const std::string& place);
/// Counts on standard error the texts that were longer than so many ids, where there are such.
void say_cut(std::int64_t texts, std::int64_t ids);
/// The lines of a file, made valid.
/// errors: run time, where there is none; a file of more than 1 GiB
std::vector<std::string> text_lines(const std::string& path);

/// Takes what was embedded; false where that was enough.
using use_of_rows = std::function<bool(std::span<const std::string> names, std::span<const float> rows)>;

/// Whether standard error shows how far the work is, and what was skipped.
enum class narration { shown, silent };

/// Embeds images a batch at a time. What cannot be read is skipped, and named and counted on standard error; returns how many.
std::size_t embed_images(embedder& model, const std::vector<std::string>& paths, const use_of_rows& use, narration told = narration::shown);

/// The same for texts, which can all be read.
void embed_texts(embedder& model, std::span<const std::string> texts, const use_of_rows& use, narration told = narration::shown);

}  // namespace clip_program
