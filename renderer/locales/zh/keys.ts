import type en from '../en/keys.ts'

/** 密钥计划的文字。 */
export default {
  title: '密钥计划',
  label: '一个连接的密钥如何产生',
  empty: '握手产生密钥后显示在这里。',
  absent: '这一组没有密钥：它的连接都没有使用 TLS。',
  lab: '这里显示秘密，因为这是实验室：两端把它们写进密钥日志。在真实路径上，除两端外无人知道。',
  waiting: '在 ServerHello 之前，还不知道约定了什么。',
  unknown: '记录中没有',
  copy: '{count} 字节。点击显示全部并复制。',
  bytes: '{count} B',
  records:
    '尚未保护任何记录 | 保护 {count} 条记录，{bytes}，自第 {offset} 字节起 | 保护 {count} 条记录，{bytes}，自第 {offset} 字节起',
  packets:
    '尚未保护任何包 | 保护 {count} 个包，{bytes}，自包号 {offset} 起 | 保护 {count} 个包，{bytes}，自包号 {offset} 起',
  first_packet: '选中包 {pkt}，它携带其中的第一个',
  not_taken: '双方没有采用这种形式',
  plain: 'RFC 5246 8.1：两个随机数保证它是新的。',
  extended: 'RFC 7627：整个握手的散列取代随机数的位置，因此它只属于这一次握手。',
  old_master: '来自所恢复的会话',
  rsa_premaster: '版本号与客户端的 46 个随机字节，用服务器公钥加密',
  no_early: '没有 0-RTT 数据，未使用',
  encrypted: '加密后传输',
  group: '群组',
  client_share: '客户端公钥',
  server_share: '服务器公钥',
  psk: 'PSK',
  psk_none: '没有：全零',
  psk_ticket: '来自所恢复的会话',
  none: '还没有读到使用这些密钥的记录。',
} satisfies typeof en
