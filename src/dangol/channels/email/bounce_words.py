"""How mail servers say that mail was not delivered."""

import re

from dangol.channels.email.patterns import pattern

DAEMON = pattern(
    r"""
    mailer-?daemon|postmaster|post_master|mail ?deliver|mdaemon|mail-daemon|post(?:masq|office)|mail ?administrator
    |e?mail ?system|mail\.system|delivery[ -](?:sub)?system|bounce-?(?:agent|handler|notification)
    |메일 ?(?:시스템|관리자)|系统退信
    """
)
SUBJECT = pattern(
    r"""
    undeliver(?:ed|able)|non-?deliver|return(?:ed|ing) (?:mail|message|to sender)|delivery (?:status )?notification
    |delivery report|delivery[ :-]+(?:has )?(?:failure|failed|delayed|problem)|failure (?:notice|delivery)
    |(?:mail|message|delivery|transmission)[ :-]+(?:delivery )?(?:failure|failed|error|problem|delayed|status|could not)
    |failed (?:mail|message|delivery)|(?:could|can)(?:not| not) be (?:delivered|sent)
    |message (?:you sent )?(?:blocked|not delivered|rejected)|mail (?:could not be|not) delivered|mail system error
    |warning(?:: |--)(?:message|could not|e?mail)|user unknown|returning message|postmaster notify|e?mail bounce
    |bounced? (?:mail|message)|rejected (?:mail|message)|error sending your
    |(?:메일|편지|메시지).{0,12}(?:실패|반송|전달(?:되지|할 수)|배달|보내지 못)|반송|배달(?:되지|할 수)
    |(?:발송|전송|배달|전달|수신) ?(?:실패|불가|오류|지연)
    |unzustellbar|nicht zugestellt|zustellung fehlgeschlagen|no se pudo entregar|non remis|échec de|mancata consegna
    |n[ãa]o entregue|недоставленн|не доставлено
    |配信不能|配送できません|エラーメール|メールエラー|退信|退回|无法投递|無法傳遞
    """
)
FAILED = pattern(
    r"""
    permanent (?:fatal |error|failure)|could(?: not|n't) be delivered|could not (?:deliver|send)|undeliverable
    |(?:was|were|is|been) (?:not|unable to be|un) ?(?:delivered|deliverable)|unable to (?:deliver|relay|send)
    |not able to deliver|delivery errors?|failed (?:to deliver|recipient|permanently)|giving up
    |delivery (?:\w+ ){0,4}fail|user (?:is )?unknown|unknown (?:user|recipient|address|mailbox|local)
    |no such (?:user|recipient|mailbox|person|address)|does(?: not|n't) (?:exist|have an?)
    |not (?:a )?(?:found|listed|valid|known)|invalid (?:recipient|user|mailbox|address)
    |mailbox (?:is )?(?:full|unavailable|not|disabled|inactive)|over ?quota|quota exceed
    |account (?:is )?(?:disabled|inactive|not)|rejected|returned (?:mail|to sender)|host (?:not found|unknown)
    |domain (?:not found|does)|message (?:size )?exceed|too (?:large|big)|relay(?:ing)? (?:access )?denied|blocked
    |did not reach|attempting to deliver|could not be sent|expired
    |존재하지 않|찾을 수 없|전달되지|전달할 수|보내지 못|발송하지 못|전송하지 못|수신 ?(?:거부|불가)
    |용량.{0,8}(?:초과|부족)|반송|휴면|ユーザー?(?:が|は)|存在しません|配信でき|送信でき|見つかりません|不存在|被退回
    """
)
DELAYED = pattern(
    r"""
    delayed|(?:still|not yet) (?:been )?(?:un)?delivered|will (?:be retried|continue|keep|try|retry)
    |warning[: ]+(?:message|this)|temporar(?:y|ily)|try again later|this is a warning message only
    |no action is required|지연|재시도
    """
)
GIVEN_UP = pattern(r"permanent|giving up|given up")
AWAY = pattern(r"auto[ _-]?repl|automatic reply|out of (?:the )?office|부재")
ABOUT_MAIL = pattern(r"mail|message|메일|편지|메시지|메세지|メール|邮件|郵件|信件")
ANSWERED_OR_FORWARDED = pattern(
    r"\s{0,9}\[?(?:re|fwd?|aw|wg|sv|vs|antw|tr|rv|enc|rif|i|r|답장|회신|전달|转发|答复|回复|転送|返信)\]?\s{0,9}(?:\[\d{1,4}\])?\s{0,9}[:：]"
)
PERSONAL_MAILER = pattern(r"outlook|apple mail|iphone|thunderbird|gmail")

# An enhanced status (RFC 3463), and not the version of a program (v4.6.1, mta-5.5.0) or a network address.
STATUS = re.compile(r"(?:(?<=[45]\d\d-)|(?<![\w.\-/]))([245])\.([0-7])\.(\d{1,3})(?![\d]|\.\d|-\d)")
CODE = re.compile(r"(?<![\d.:/@-])([45][0-7]\d)(?=[ \-:;,)\]>]|#|$)", re.MULTILINE)
# The word of a server that refused, at the beginning of a line or after what announces it.
REPLY = re.compile(
    r"(?im)^[^\S\n]*(?:<<<|>>>)?[^\S\n]*[45][0-7]\d[ -](?:[45]\.\d\.\d|[a-z<])"
    r"|(?:said|host|smtp|error|code|server)[^\n]{0,60}?(?<![\d.])[45][0-7]\d(?!\d)"
)

_ADDRESS = r"[A-Za-z0-9_.+%=~!#$&'*/?^`{|}-]{1,120}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*"
ADDRESS = re.compile(_ADDRESS)
# Where servers name whom they could not reach, the surest place first.
RECIPIENT = (
    re.compile(
        r"(?im)\b(?:following|these|failed) (?:e-?mail )?(?:recipient|address|user)\w*[^\n@]{0,90}"
        rf"(?:\n[^\n@]{{0,90}}){{0,4}}?(?:\n[ \t*<>:\"']{{0,12}}|:[ \t]*<?)({_ADDRESS})"
    ),
    re.compile(
        rf"(?im)^[ \t]*(?:final|original|failed|intended)-recipients?[ \t]{{0,9}}:"
        rf"[ \t]{{0,9}}(?:[a-z0-9]{{1,20}}[ \t]{{0,9}};)?[ \t]{{0,9}}<?({_ADDRESS})"
    ),
    re.compile(rf"(?i)rcpt to[ \t]{{0,9}}:?[ \t]{{0,9}}<?({_ADDRESS})"),
    re.compile(rf"(?m)^[ \t]*(?:To:?[ \t]*)?<({_ADDRESS})>[ \t]*(?::|\.\.\.|\(|$)"),
    re.compile(rf"(?mi)^[ \t]*(?:--[ \t]*)?[\"']?({_ADDRESS})[\"']?[ \t]*(?::|\(|\[|$|,\s|\.\.\.|error)"),
    pattern(
        rf"""
        \b(?:to|for|recipients?|address(?:es)?|user|mailbox|account|받는 ?사람|수신자|宛先)
        \s?(?:\(s\))?\s{{0,9}}[:=]?\s{{0,9}}[<"'(]?({_ADDRESS})
        """
    ),
    re.compile(rf"(?i)[45]\d\d[^\n]{{0,60}}?<({_ADDRESS})>"),
    re.compile(rf"<({_ADDRESS})>"),
    re.compile(rf"({_ADDRESS})"),
)
HEADER_LINE = pattern(
    r"""
    ^[ \t>|]{0,4}(?:return-path|received|delivered-to|from|to|cc|subject|date|message-id|mime-version|x-[\w-]+|reply-to
    |dkim-signature|arc-[\w-]+|authentication-results|received-spf|sender|in-reply-to|references)[ \t]*:
    """
)
# These stand above every part of a mail: alone they begin no message.
PART_LINE = re.compile(r"(?i)[ \t>|]{0,4}content-[\w-]+[ \t]*:")
# What mail programs do not write above what they quote or forward.
RAW_FIELD = re.compile(
    r"(?im)^[ \t>|]{0,4}(?:received|return-path|message-id|mime-version|content-type|dkim-signature|x-mailer)[ \t]*:"
)
TRANSPORT_FIELD = re.compile(
    r"(?i)[ \t>|]{0,4}(?:received|return-path|mime-version|content-type|dkim-signature)[ \t]*:"
)
DIVIDER = pattern(
    r"""
    [\s>|]{0,8}(?:
    [-=_*]{2,}[^\n]{0,60}?\b(?:copy of|original|returned|returning|unsent|undelivered|bounced|body of|header of)\b
    [^\n]{0,40}?\b(?:message|mail|e-?mail|text|headers?)\b
    |[-=_*|]{2,}[^\n]{0,20}?\b(?:message|mail) (?:text|headers?|body) follows
    |[^\n]{0,40}below this line
    |(?:the )?(?:original|returned|bounced) (?:message|mail|e-?mail)[^\n:]{0,20}(?:follows|:$)
    |this is a copy of (?:the|your) (?:original )?message
    |[-=_*]{2,}[^\n]{0,20}?(?:원본|원래|보내신) ?(?:메시지|메일|편지)
    |[-=_*]{2,}[^\n]{0,20}?(?:元のメッセージ|元のメール|原始邮件|原郵件)
    )
    """
)
GOES_ON = pattern(
    r"""
    (?:following|these) (?:recipient|address)|(?:did|could|was|were|has|have) not (?:be |been )?(?:reach|deliver)
    |cannot be delivered|recipient address|failed recipient
    """
)
ID_LINE = re.compile(r"(?im)^[ \t>|]{0,4}message-id[ \t]*:\s*(<[^<>\n]{1,900}>|\S{3,900})")
