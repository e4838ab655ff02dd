// SPDX-License-Identifier: Apache-2.0
// akin-clip search: what of an index is nearest to texts and images.
#include "answers.hpp"
#include "inputs.hpp"
#include "options.hpp"

#include <akin/clip/embedding_index.hpp>
#include <akin/clip/nearest.hpp>
#include <akin/train/html.hpp>
#include <akin/train/report_style.hpp>

#include <cstdio>
#include <filesystem>

namespace clip_program {

namespace {

/// A picture where the name is that of an image file that can be read, else the name alone.
std::string html_of(const std::string& name) {
  constexpr std::int64_t longest = 224;
  std::string picture;
  if (akin::is_image_name(name) && std::filesystem::exists(name)) {
    try {
      picture = akin::html_image(akin::read_image(name), name, longest);
    } catch (const akin::error&) {  // it was replaced since it was embedded
    }
  }
  return picture + "<p class=\"small\">" + akin::escape_html(name) + "</p>";
}

std::string html_answers(const std::string& query, const std::vector<answer>& answers) {
  std::string html = "<h2>" + html_of(query) + "</h2>\n<div class=\"numbers\">\n";
  for (const auto& each : answers) {
    char score[32];
    std::snprintf(score, sizeof score, "%.4f", each.score);
    html += "<div class=\"card\"><b>" + std::string{score} + "</b>" + html_of(each.name) + "</div>\n";
  }
  return html + "</div>\n";
}

std::string html_page(const std::string& model, const std::string& body) {
  return "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/><title>Search</title><style>" +
         akin::detail::report_css() + "</style></head>\n<body><main>\n<header><h1>Search</h1><p class=\"lead\">" +
         akin::escape_html(model) + "; scores are cosines</p></header>\n" + body + "</main></body></html>\n";
}

}  // namespace

int search(const search_options& o) {
  if (o.texts.empty() && o.images.empty()) misuse("search: say what for, with --text or --image");
  embedder model{o.model, o.vocabulary, o.threads};
  const auto index = akin::load_index(o.index, model.identity());

  std::vector<std::string> queries;
  std::vector<float> rows;
  const auto add = [&](std::span<const std::string> names, std::span<const float> values) {
    queries.insert(queries.end(), names.begin(), names.end());
    rows.insert(rows.end(), values.begin(), values.end());
    return true;
  };
  embed_texts(model, valid_texts(o.texts, "--text"), add);
  const std::size_t skipped = embed_images(model, o.images, add);

  const answer_writer writer{o.format, "query", "name"};
  const auto found = akin::nearest(rows, index.values, index.embed, o.top, model.pool());
  std::string html;
  for (std::size_t k = 0; k < queries.size(); ++k) {
    std::vector<answer> answers;
    for (const auto& each : found[k])
      answers.push_back({index.names[static_cast<std::size_t>(each.row)], static_cast<double>(each.score)});
    writer.write(queries[k], answers);
    if (!o.report.empty()) html += html_answers(queries[k], answers);
  }
  if (!o.report.empty()) akin::write_file_atomically(o.report, html_page(index.model, html));
  return skipped > 0 ? exit_failed : exit_done;
}

}  // namespace clip_program
