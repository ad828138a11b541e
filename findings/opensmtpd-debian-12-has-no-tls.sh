#!/usr/bin/env bash
# Debian 12's OpenSMTPD (6.8.0p2) completes no TLS handshake, with an RSA key or an ECDSA key.
#
# Its configuration is accepted and it listens, but its process without the private key hands the signing to another one by means
# that OpenSSL 3 does not call: each handshake ends with the alert "internal error", and its log says "missing private key".
#
# Runs as root, over an overlay of this machine's root directory, which stays as it is.
# Seen on Debian 12 with opensmtpd 6.8.0p2-4+b4 and OpenSSL 3.0:
#   rsa: tlsv1 alert internal error; rsa routines::missing private key
#   ec: tlsv1 alert internal error; elliptic curve routines::missing private key
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
apt-get update -qq
export folder
seen=$(unshare --mount --pid --fork --kill-child bash -euo pipefail -c '
mount -t tmpfs tmpfs "$folder"
mkdir "$folder/upper" "$folder/work" "$folder/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/upper,workdir=$folder/work" "$folder/root"
cd "$folder/root"
mount -t tmpfs -o mode=755 tmpfs dev
mknod -m 666 dev/null c 1 3
mknod -m 666 dev/urandom c 1 9
ln -s /proc/self/fd dev/fd
mount -t proc proc proc
printf "#!/bin/sh\nexit 101\n" >usr/sbin/policy-rc.d
chmod +x usr/sbin/policy-rc.d
mkdir srv/mail
exec chroot . bash -euo pipefail -c "
cd /srv/mail
DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends opensmtpd >install.log 2>&1
for kind in rsa:2048:25465 ec:prime256v1:25466; do
  IFS=: read -r algorithm size port <<<\$kind
  option=\$([ \$algorithm = ec ] && echo \"-pkeyopt ec_paramgen_curve:\$size\" || echo \"-pkeyopt rsa_keygen_bits:\$size\")
  openssl req -x509 -newkey \$algorithm \$option -nodes -days 2 -subj /CN=localhost -keyout \$algorithm.key -out \$algorithm.crt 2>/dev/null
  chmod 600 \$algorithm.key
  cat >smtpd.conf <<CONF
pki localhost cert \"/srv/mail/\$algorithm.crt\"
pki localhost key \"/srv/mail/\$algorithm.key\"
listen on lo port \$port smtps pki localhost
action \"drop\" mda \"cat >/dev/null\" user nobody
match from local for any action \"drop\"
CONF
  smtpd -d -v -f /srv/mail/smtpd.conf >\$algorithm.log 2>&1 &
  daemon=\$!
  for attempt in {1..100}; do (exec 3<>/dev/tcp/127.0.0.1/\$port) 2>/dev/null && break; sleep 0.1; done
  alert=\$(openssl s_client -connect 127.0.0.1:\$port </dev/null 2>&1 | grep -o \"tlsv1 alert internal error\" | head -1 || true)
  log=\$(grep -o \"[a-z ]*routines::missing private key\" \$algorithm.log | head -1 || true)
  echo \"\$algorithm: \$alert; \$log\"
  kill \$daemon
  wait \$daemon || true
done
"
')
echo "$seen"
[ "$seen" = "rsa: tlsv1 alert internal error; rsa routines::missing private key
ec: tlsv1 alert internal error; elliptic curve routines::missing private key" ]
