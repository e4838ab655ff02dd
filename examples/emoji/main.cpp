// SPDX-License-Identifier: Apache-2.0
// akin-emoji: pairs of pictures and names to train on, and what a linear model makes of them.
#include "commands.hpp"

#include <akin/support/error.hpp>

#include <CLI/CLI.hpp>

#include <cstdio>

int main(int count, char** words) {
  CLI::App app{"akin-emoji draws emoji with their names as pairs to train on, and tests a linear model on them.", "akin-emoji"};
  app.require_subcommand(1);
  app.footer("exit codes: 0 done, 1 something failed (one sentence on standard error says what), 2 wrong usage");

  emoji_program::draw_options drawing;
  auto* draw = app.add_subcommand("draw", "Write pictures (PNG) and files of pairs: an image, a tab, a name a line.");
  draw->footer(
      "OUT gets pictures/*.png, and train, validation and held_out.LANGUAGE.tsv. Held out is one in ten of the composed\n"
      "emoji (skin tone, gender, profession), for validation is another one; their parts stand in others that are trained on.\n\n"
      "example: akin-emoji draw out/emoji/pairs");
  draw->add_option("--font", drawing.font, "A font with colour bitmaps")->capture_default_str();
  draw->add_option("--cldr", drawing.cldr, "The folder of the Unicode CLDR's annotations")->capture_default_str();
  draw->add_option("--language", drawing.languages, "As the CLDR names it, once for each")->allow_extra_args(false)->capture_default_str();
  draw->add_option("--size", drawing.size, "Width and height of the pictures")->check(CLI::Range(1, 4096))->capture_default_str();
  draw->add_option("out", drawing.out, "The folder to write")->required();

  emoji_program::baseline_options testing;
  auto* baseline = app.add_subcommand("baseline", "Recall of a ridge regression from bags of words to pixels.");
  baseline->footer(
      "Answers are the pictures nearest to the pixels that a name predicts, by cosines of what differs from the mean picture.\n\n"
      "example: akin-emoji baseline --train out/emoji/pairs/train.en.tsv --test out/emoji/pairs/held_out.en.tsv");
  baseline->add_option("--train", testing.train, "File of pairs to fit")->required();
  baseline->add_option("--test", testing.test, "File of pairs to ask for")->required();
  baseline->add_option("--size", testing.size, "Width and height that pictures are shrunk to")->check(CLI::Range(1, 4096))->capture_default_str();
  baseline->add_option("--ridge", testing.ridge, "What the squares of the weights count")->check(CLI::PositiveNumber)->capture_default_str();

  try {
    app.parse(count, words);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e);
    std::fprintf(stderr, "akin-emoji: %s (akin-emoji --help tells more)\n", e.what());
    return 2;
  }
  try {
    return draw->parsed() ? emoji_program::draw(drawing) : emoji_program::baseline(testing);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "akin-emoji: %s\n", e.what());
    return 1;
  }
}
