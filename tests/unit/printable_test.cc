// Links: tm_common
#include "common/printable.h"

#include <gtest/gtest.h>

#include <string>

namespace thumbmill {
namespace {

TEST(Printable, EscapesWhatATerminalObeys) {
  EXPECT_EQ(Printable("\x1b]0;x\x07\r\n\t\x7f"),
            "\\x1b]0;x\\x07\\r\\n\\t\\x7f");
  EXPECT_EQ(Printable("\xc2\x9b"
                      "31m"),
            "\\u009b31m");
  EXPECT_EQ(Printable("a\u202eb\u2028c\u200bd\u00ade\ufefff"),
            "a\\u202eb\\u2028c\\u200bd\\u00ade\\ufefff");
  EXPECT_EQ(Printable("\U000e0041"), "\\U000e0041");
  EXPECT_EQ(Printable(std::string(1, '\0')), "\\x00");
}

TEST(Printable, EscapesBytesThatAreNoUtf8) {
  EXPECT_EQ(Printable("a\xff\xe2\x82"), "a\\xff\\xe2\\x82");
  EXPECT_EQ(Printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");
}

TEST(Printable, LeavesTheRestAsItIs) {
  const std::string text = "C:\\x \"é\" 写真 e\u0301 🙂";
  EXPECT_EQ(Printable(text), text);
}

TEST(Printable, LetsScriptsUndoAField) {
  EXPECT_EQ(PrintableField("a\\n\n"), "a\\\\n\\n");
}

TEST(Printable, IsPrintableWhateverTheBytes) {
  for (char32_t code = 0; code < 0xA0; ++code)
    EXPECT_EQ(IsObeyed(code), code < 0x20 || code >= 0x7F)
        << static_cast<unsigned>(code);
  std::string bytes;
  for (int i = 0; i < 100'000; ++i)
    bytes += static_cast<char>((i * 2654435761U) >> 13);
  for (const std::string& text :
       {Printable(bytes), PrintableField(bytes), JsonText(bytes)}) {
    std::string_view rest = text;
    while (!rest.empty()) {
      const Character character = DecodeCharacter(rest);
      ASSERT_TRUE(character.valid && !IsObeyed(character.code));
      rest.remove_prefix(character.bytes);
    }
  }
}

TEST(JsonText, UsesTheEscapesOfJson) {
  EXPECT_EQ(JsonText("\"\\\n\x1b\xc2\x9b\xff"),
            "\\\"\\\\\\u000a\\u001b\\u009b\\\\xff");
  EXPECT_EQ(JsonText("\U000e0041é"), "\\udb40\\udc41é");
}

}  // namespace
}  // namespace thumbmill
