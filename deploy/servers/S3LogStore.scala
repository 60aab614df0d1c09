package shoplake

import java.io.{FileNotFoundException, IOException}
import java.lang.{Boolean => JavaBoolean}
import java.nio.charset.StandardCharsets.UTF_8
import java.nio.file.FileAlreadyExistsException
import java.util.{Arrays, Iterator => JavaIterator, UUID}
import java.util.concurrent.ConcurrentHashMap

import scala.jdk.CollectionConverters._

import io.delta.storage.S3SingleDriverLogStore
import org.apache.hadoop.conf.Configuration
import org.apache.hadoop.fs.{FileSystem, Path}

/** Delta's commits to S3 as conditional puts, as delta-rs makes them: of two writers of one version one is refused.
  * See docs/decisions/0013-commits-to-s3-are-conditional-puts.md.
  */
class S3LogStore(conf: Configuration) extends S3SingleDriverLogStore(conf) {
  import S3LogStore._

  override def write(path: Path, actions: JavaIterator[String], overwrite: JavaBoolean, conf: Configuration): Unit =
    if (overwrite) super.write(path, actions, overwrite, conf)
    else {
      val files = path.getFileSystem(conf)
      requireConditionalPut(files, path.getParent)
      val commit = actions.asScala.map(_ + "\n").mkString.getBytes(UTF_8)
      try put(files, path, commit)
      catch {
        // A put that is sent again after a lost answer is refused because of itself.
        case error: IOException if !holds(files, path, commit, error) =>
          throw new FileAlreadyExistsException(path.toString)
        case _: IOException => ()
      }
    }
}

object S3LogStore {
  private val proven = ConcurrentHashMap.newKeySet[String]()

  private def put(files: FileSystem, path: Path, content: Array[Byte]): Unit = {
    val stream = files.createFile(path).must("fs.option.create.conditional.overwrite", true).build()
    try stream.write(content)
    finally stream.close()
  }

  private def holds(files: FileSystem, path: Path, content: Array[Byte], error: IOException): Boolean = {
    val stream =
      try files.open(path)
      catch { case _: FileNotFoundException => throw error }
    try Arrays.equals(stream.readAllBytes(), content)
    finally stream.close()
  }

  /** A store that ignores the condition would lose commits silently, so each driver asks it once. */
  private def requireConditionalPut(files: FileSystem, folder: Path): Unit =
    if (!proven.contains(files.getUri.toString)) {
      val probe = new Path(folder, s".conditional-put-${UUID.randomUUID()}")
      val (first, second) = ("first".getBytes(UTF_8), "second".getBytes(UTF_8))
      try {
        put(files, probe, first)
        val refused =
          try { put(files, probe, second); false }
          catch { case error: IOException => holds(files, probe, first, error) }
        if (!refused)
          throw new IllegalStateException(
            s"The store of ${files.getUri} ignores If-None-Match: of two commits it would keep one." +
              " Next: set LAKE_URI to a store with conditional puts, or to a folder."
          )
      } finally files.delete(probe, false)
      proven.add(files.getUri.toString)
    }
}
