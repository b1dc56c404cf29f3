//! What an operator saw: exit code and words, compared as a reader would, wherever a line was broken.

#[derive(Debug)]
pub struct Screen {
    pub code: Option<i32>,
    pub text: String,
}

impl Screen {
    pub fn exits(self, code: i32) -> Screen {
        assert_eq!(self.code, Some(code), "the exit code of\n{}", self.text);
        self
    }

    pub fn says(self, words: &str) -> Screen {
        assert!(one_line(&self.text).contains(&one_line(words)), "no {words:?} on\n{}", self.text);
        self
    }

    /// Of two things it depends on which is seen first.
    pub fn says_either(self, one: &str, other: &str) -> Screen {
        let says = |words: &str| one_line(&self.text).contains(&one_line(words));
        assert!(says(one) || says(other), "neither {one:?} nor {other:?} on\n{}", self.text);
        self
    }

    pub fn says_not(self, words: &str) -> Screen {
        assert!(!one_line(&self.text).contains(&one_line(words)), "{words:?} on\n{}", self.text);
        self
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
