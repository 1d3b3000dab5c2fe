"""What the Dovecot and exim of the tests are told. Names in @…@ are filled in."""

import re
from collections.abc import Mapping


def dovecot_config(names: Mapping[str, str]) -> str:
    """The configuration of a Dovecot that runs wholly as one ordinary user."""
    return _fill(_DOVECOT, names)


def exim_config(names: Mapping[str, str]) -> str:
    """The configuration of an exim that keeps, delivers and bounces mail as one ordinary user."""
    return _fill(_EXIM, names)


def oauth2_config(names: Mapping[str, str]) -> str:
    """Whom Dovecot asks about tokens."""
    return _fill(_OAUTH2, names)


def _fill(text: str, names: Mapping[str, str]) -> str:
    return re.sub(r"@(\w+)@", lambda match: names[match[1]], text)


_DOVECOT = """
protocols = imap lmtp submission
listen = 127.0.0.1
base_dir = @folder@/run
state_dir = @folder@/run
instance_name = dangol-test
log_path = @folder@/dovecot.log
default_internal_user = @owner@
default_internal_group = @group@
default_login_user = @owner@
first_valid_uid = 1
first_valid_gid = 1
mail_uid = @owner@
mail_gid = @group@
mail_location = maildir:@folder@/mail/%u
mail_fsync = never
ssl = yes
ssl_cert = <@folder@/cert.pem
ssl_key = <@folder@/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login xoauth2
auth_failure_delay = 0
auth_cache_size = 0
lda_mailbox_autocreate = yes

# One password for everybody: a file of users is read again only once a second.
passdb {
  driver = static
  mechanisms = plain login
  args = password=@password@
}
# Whose token is whose, the provider of the tests says (oauth_provider.py).
passdb {
  driver = oauth2
  mechanisms = xoauth2
  args = @folder@/oauth2.conf
}
userdb {
  driver = static
  args = uid=@owner@ gid=@group@ home=@folder@/mail/%u allow_all_users=yes
}
namespace inbox {
  inbox = yes
}
service anvil {
  chroot =
  # Wrong passwords are tried on purpose here and must not make the next sign-in wait.
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service imap-login {
  chroot =
  inet_listener imap {
    port = @imap@
  }
  inet_listener imaps {
    port = @imaps@
    ssl = yes
  }
}
# Mail that comes in here goes on to exim, once somebody is signed in.
hostname = mail.moonburger.test
submission_relay_host = 127.0.0.1
submission_relay_port = @smtp@
service submission-login {
  chroot =
  inet_listener submission {
    port = @submission@
  }
}
service lmtp {
  unix_listener @folder@/lmtp {
    mode = 0666
  }
}
"""

_OAUTH2 = """
introspection_mode = post
introspection_url = @provider@/introspect
force_introspection = yes
username_attribute = username
active_attribute = active
active_value = true
"""

_EXIM = r"""
exim_user = @owner@
exim_group = @group@
spool_directory = @folder@/exim/spool
log_file_path = @folder@/exim/log/%slog
pid_file_path = @folder@/exim/pid
primary_hostname = mail.moonburger.test
local_interfaces = 127.0.0.1
daemon_smtp_ports = @smtp@ : @smtps@
tls_on_connect_ports = @smtps@
tls_advertise_hosts = *
tls_certificate = @folder@/cert.pem
tls_privatekey = @folder@/key.pem
deliver_drop_privilege = true
never_users =
host_lookup =
rfc1413_hosts =
rfc1413_query_timeout = 0s
smtp_accept_max = 50
smtputf8_advertise_hosts = *
acl_smtp_rcpt = rcpt
acl_smtp_data = accept
queue_only = false
keep_environment =
bounce_return_body = true

begin acl
rcpt:
  deny    condition = ${if match{$local_part}{^refused}}
          message   = 5.1.1 No such person here
  defer   condition = ${if match{$local_part}{^later}}
          message   = 4.7.1 Please come back in a while
  accept

begin routers
known:
  driver = accept
  condition = ${lookup{$local_part@$domain}lsearch{@folder@/users}{yes}{no}}
  local_part_suffix = +*
  local_part_suffix_optional
  transport = dovecot

begin transports
dovecot:
  driver = lmtp
  socket = @folder@/lmtp
  batch_max = 1
  return_path_add
  envelope_to_add

begin retry
* * F,1h,1s

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if and{{eq{$auth3}{@password@}}{eq{${lookup{$auth2}lsearch{@folder@/users}{yes}{no}}}{yes}}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = "Username:: : Password::"
  server_condition = ${if and{{eq{$auth2}{@password@}}{eq{${lookup{$auth1}lsearch{@folder@/users}{yes}{no}}}{yes}}}}
  server_set_id = $auth1
"""
